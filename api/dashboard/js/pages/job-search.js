// Stage 2 beyond its fronts: parallel coordinates, what matters, what was refused.

import { responsive } from "../charts/frame.js";
import { importanceBars } from "../charts/importance.js";
import { axesOf, parallel, wished } from "../charts/parallel.js";
import { tips } from "../charts/tip.js";
import { fill, h } from "../dom.js";
import { grouped } from "../format.js";
import { refusalsView } from "../parts/refusals.js";
import { importances } from "../stats.js";

/** Parallel coordinates; `onFilter(keep)` is told which candidates are within what is marked. */
export function parallelView(model, chosenOf, onFilter) {
  const wishes = new Map();
  const told = h("figcaption", { role: "status" });
  const clear = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => setWish(null) }, "Show all again");
  const all = () => [...model.candidates.values()];
  const chart = responsive((width) => (axesOf(all()).length < 2 ? null
    : parallel(all(), wishes, { chosen: chosenOf(model), onWish: setWish }, width)));

  function setWish(key, wish) {
    if (key === null) wishes.clear();
    else if (wish) wishes.set(key, wish);
    else wishes.delete(key);
    redraw();
    const axes = axesOf(all());
    onFilter(wishes.size ? (c) => wished(c, axes, wishes) : null);
  }

  function redraw() {
    chart.redraw();
    const axes = axesOf(all());
    const kept = wishes.size ? all().filter((c) => wished(c, axes, wishes)).length : 0;
    clear.hidden = wishes.size === 0;
    told.textContent = wishes.size
      ? `${grouped(kept)} of ${grouped(model.candidates.size)} networks are within what is marked; the table below shows them.`
      : "Drag along an axis to keep only what passes there; with the keyboard, arrows move its lower end and Shift with arrows the upper.";
  }
  const node = h("figure", { class: "coordinates" },
    h("h3", {}, "All properties at once"), chart.node, h("div", { class: "row" }, told, clear));
  return { node, redraw };
}

/** Bars of the choices that explain accuracy; hidden while too little is known. */
export function importanceView(model) {
  let found = [];
  const chart = responsive((width) => (found.length ? importanceBars(found, width) : null));
  tips(chart.node, (target) => target.closest("g.choice")?.about);
  const node = h("div", {},
    h("h3", {}, "What matters"),
    h("p", { class: "about" }, "Share of the variance of accuracy that one choice explains by itself (epsilon squared), among the networks measured."),
    h("figure", {}, chart.node));
  return {
    node,
    redraw() {
      found = importances(model.candidates.values());
      node.hidden = found.length === 0;
      chart.redraw();
    },
  };
}

export function refusedView(model) {
  const body = h("div", {});
  const node = h("div", { hidden: true }, h("h3", {}, "What was refused, and why"), body);
  return {
    node,
    redraw() {
      const told = model.refusals ?? model.report?.search;
      node.hidden = !told;
      if (told) fill(body, refusalsView(told, model.candidates.size));
    },
  };
}
