// Stage 2 on a job's page: fronts, progress, parallel coordinates, and all candidates in a table.

import { responsive } from "../charts/frame.js";
import { COSTS, candidateText, scatter } from "../charts/scatter.js";
import { searchProgress } from "../charts/search-progress.js";
import { hideTip, showTip } from "../charts/tip.js";
import { h, paced } from "../dom.js";
import { bytes, count, grouped, milliseconds, percent } from "../format.js";
import { FINAL } from "../job-model.js";
import { scheduleText, shortSchedule } from "../parts/schedule.js";
import { pagedTable } from "../parts/table.js";
import { importanceView, parallelView, refusedView } from "./job-search.js";

const MS_PER_CANDIDATE = 0.2; // the more there are, the rarer they are drawn anew

export function candidatesSection(model) {
  const about = h("p", { class: "about" });
  const ring = h("span", { class: "ring" }, "the result");
  const marks = h("p", { class: "legend marks" },
    h("span", { class: "pareto" }, "on the front of all costs"), h("span", {}, "other networks"),
    h("span", { class: "line" }, "front of this cost alone; in the last picture the best so far"), ring);
  const view = { keep: null };
  const drawn = new Map();
  const panels = COSTS.map((cost) => ({ cost, ...responsive((width) => {
    if (!told(model, cost)) return null;
    const chart = scatter([...model.candidates.values()], cost, { budget: budgetOf(model, cost.key), chosen: chosenOf(model) }, width);
    drawn.set(cost.key, chart);
    return link(chart, () => [...drawn.values()], model);
  }) }));
  const figures = panels.map((panel) => h("figure", {}, panel.node));
  const progress = responsive((width) => searchProgress([...model.candidates.values()], totalOf(model), width));
  const table = candidateTable(model);
  const only = h("input", { type: "checkbox", onchange: () => table.select(rows()) });
  const rows = () => rowsOf(model, only.checked, view.keep);
  const coordinates = parallelView(model, chosenOf, (keep) => {
    view.keep = keep;
    table.select(rows());
  });
  const extras = [coordinates, importanceView(model), refusedView(model)];
  const node = h("section", { id: "search", hidden: true },
    h("h2", {}, "Search"), about,
    marks, h("div", { class: "triple" }, figures, h("figure", {}, progress.node)),
    coordinates.node,
    h("div", { class: "pair" }, extras[1].node, extras[2].node),
    h("h3", { class: "apart" }, "Every candidate"),
    h("p", {}, h("label", { class: "row", style: "font-weight:400" }, only, "Only the front")),
    table.node);
  const draw = paced(() => model.candidates.size * MS_PER_CANDIDATE, () => {
    node.hidden = model.candidates.size === 0;
    if (node.hidden) return;
    about.textContent = summary(model);
    ring.hidden = chosenOf(model) === null;
    panels.forEach((panel, i) => {
      figures[i].hidden = !told(model, panel.cost);
      panel.redraw();
    });
    progress.redraw();
    extras.forEach((extra) => extra.redraw());
    table.update(rows());
  });
  const mine = ["candidates", "artifacts", "subspaces", "refusals"];
  return {
    node,
    name: "Search",
    update(parts) {
      if (mine.some((part) => parts.has(part))) draw();
    },
  };
}

/** Whether candidates say what they cost in this respect (not all devices have latencies). */
function told(model, { key }) {
  const [first] = model.candidates.values();
  return first?.[key] > 0;
}

const totalOf = (model) => model.steps.get("search")?.progress?.total ?? 0;
const rowsOf = (model, only, keep) =>
  [...model.candidates.values()].filter((c) => (!only || c.pareto) && (!keep || keep(c)));
export const chosenOf = (model) => model.report?.chosen ?? null;

function budgetOf(model, key) {
  if (key === "macs" || key === "latency_ms") return model.job.request[key] ?? null;
  return model.subspaces?.budget?.[key] ?? model.job.request[key] ?? null;
}

function summary(model) {
  const all = [...model.candidates.values()];
  const ended = FINAL.has(model.job.state);
  const onFront = all.filter((c) => c.pareto).length;
  return `${grouped(all.length)} networks that fit were measured on the validation split; ${grouped(onFront)} ${onFront === 1 ? "is" : "are"} on the front ` +
    `of accuracy, SRAM, flash and MACs. The best ${ended ? "" : "so far "}reaches ${percent(model.best.accuracy)}. Up is accuracy, to the right one cost each.`;
}

/** A point under the pointer shows in all panels, and opens on a click. */
function link(chart, charts, model) {
  const found = (event) => {
    const box = chart.getBoundingClientRect();
    return chart.nearest(event.clientX - box.left, event.clientY - box.top);
  };
  chart.addEventListener("pointermove", (event) => {
    const candidate = found(event);
    charts().forEach((other) => other.mark(candidate));
    if (candidate) showTip(event, candidateText(candidate));
    else hideTip();
  });
  chart.addEventListener("pointerleave", () => {
    charts().forEach((other) => other.mark(null));
    hideTip();
  });
  chart.addEventListener("click", (event) => {
    const candidate = found(event);
    if (!candidate) return;
    hideTip();
    location.hash = linkOf(model, candidate);
  });
  return chart;
}

const scheduleOf = (c) => scheduleText(c.schedule.segments);
const scheduleCell = (c) => h("span", { title: scheduleOf(c) }, shortSchedule(c.schedule.segments));
const linkOf = (model, candidate) => `#/jobs/${encodeURIComponent(model.id)}/candidates/${candidate.id}`;

function candidateTable(model) {
  const number = (key, title, text, falling) => ({ key, title, falling, value: (c) => c[key], cell: (c) => text(c[key]) });
  return pagedTable([
    { key: "id", title: "Candidate", text: true, value: (c) => c.id, cell: (c) => h("a", { href: linkOf(model, c) }, `No. ${c.id}`) },
    number("accuracy", "Accuracy", (v) => percent(v), true),
    number("sram_bytes", "SRAM", bytes),
    number("flash_bytes", "Flash", bytes),
    number("resolution", "Image", (v) => (v ? `${v} px` : "")),
    number("macs", "MACs", count),
    number("recomputed_macs", "Recomputed", count),
    number("latency_ms", "Latency, estimated", (v) => (v ? milliseconds(v) : "")),
    { key: "schedule", title: "Schedule", text: true, wrap: true, value: scheduleOf, cell: scheduleCell },
    { key: "pareto", title: "Front", text: true, falling: true, value: (c) => Number(c.pareto), cell: (c) => (c.pareto ? "front" : "") },
  ], {
    caption: "Candidates",
    rowClass: (c) => (c.id === chosenOf(model) ? "chosen" : null),
    sort: { key: "accuracy", falling: true },
  });
}
