// Stage 1 on a job's page: map and curves, each lighting up the other.

import { responsive } from "../charts/frame.js";
import { heatMap, isChosen, subspaceCurves, subspaceText } from "../charts/subspaces.js";
import { fill, h } from "../dom.js";
import { count, grouped, percent, ruleText } from "../format.js";

const MAP = "Mean MACs of the networks that fit, and how many fit; the stronger the colour, the higher the score that decided.";

export function subspacesSection(model) {
  let near = null;
  const curves = responsive((width) => model.subspaces && subspaceCurves(model.subspaces, near, width));
  const told = h("figcaption", {}, MAP);
  const map = responsive((width) => {
    if (!model.subspaces) return null;
    const chart = heatMap(model.subspaces, width);
    chart.addEventListener("pointerover", (event) => light(event.target.closest(".cell")?.row ?? null));
    chart.addEventListener("pointerleave", () => light(null));
    return chart;
  });
  function light(row) {
    if (row === near) return;
    near = row;
    told.textContent = row ? subspaceText(row) : MAP;
    curves.redraw();
  }
  const about = h("p", { class: "about" });
  const list = h("div", {});
  const node = h("section", { id: "subspaces", hidden: true },
    h("h2", {}, "Subspaces"), about,
    h("div", { class: "pair" },
      h("figure", {}, curves.node, h("figcaption", {}, "Share of the sampled networks that do this much work or less; one that does not fit counts as no work.")),
      h("figure", {}, map.node, told)),
    h("details", { class: "after" }, h("summary", {}, "As a table"), list));
  return {
    node,
    name: "Subspaces",
    update(parts) {
      if (!parts.has("subspaces") || !model.subspaces) return;
      node.hidden = false;
      about.textContent = why(model.subspaces);
      curves.redraw();
      map.redraw();
      fill(list, subspaceTable(model.subspaces));
    },
  };
}

function why({ chosen, rule, samples, subspaces }) {
  return `${grouped(samples)} networks were sampled in each of ${subspaces.length} subspaces. Width ${chosen.width} at ` +
    `${chosen.resolution} × ${chosen.resolution} pixels was chosen: ${percent(chosen.fits, 0)} of its networks fit, ` +
    `with ${count(chosen.mean_macs)} MACs on average. ${ruleText(rule)}`;
}

function subspaceTable(table) {
  const rows = [...table.subspaces].sort((a, b) => b.score - a.score);
  const heads = ["Resolution", "Fit", "Mean MACs", "80% below", "Score"];
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Subspaces" },
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "text" }, "Width"), heads.map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, rows.map((row) => h("tr", { class: isChosen(row, table) ? "chosen" : null },
        h("th", { scope: "row", class: "text" }, row.width), h("td", {}, row.resolution), h("td", {}, percent(row.fits, 0)),
        h("td", {}, count(row.mean_macs)), h("td", {}, count(row.p80_macs)), h("td", {}, count(row.score)))))));
}
