// Training curves on a job's page: the supernet's, then the fine-tuning's.

import { responsive } from "../charts/frame.js";
import { seriesOf, trainingChart } from "../charts/training.js";
import { fill, h } from "../dom.js";
import { stepName } from "../parts/steps.js";

const MEASURES = ["loss", "accuracy"];

export function trainingSection(model) {
  const panels = h("div", {});
  const node = h("section", { id: "training", hidden: true }, h("h2", {}, "Training"), panels);
  const drawn = new Map(); // "step name measure" -> {redraw, series}
  return {
    node,
    name: "Training",
    update(parts) {
      if (!parts.has("metrics")) return;
      node.hidden = model.metrics.size === 0;
      const totalOf = (step) => model.steps.get(step)?.progress?.total ?? 1;
      const wanted = [...model.metrics].flatMap(([key, points]) => panelsOf(key, points, totalOf));
      const same = wanted.length === drawn.size && wanted.every((panel) => drawn.has(panel.key));
      for (const panel of wanted) {
        if (drawn.has(panel.key)) drawn.get(panel.key).series = panel.series;
        else drawn.set(panel.key, panel);
      }
      if (same) drawn.forEach((panel) => panel.place.redraw());
      else place(panels, drawn, wanted);
    },
  };
}

function panelsOf(key, points, totalOf) {
  const series = seriesOf(points);
  const step = key.split(" ")[0];
  return MEASURES.map((measure) => ({
    key: `${key} ${measure}`, step, measure, total: () => totalOf(step),
    series: series.filter((one) => one.measure === measure),
  })).filter((panel) => panel.series.length > 0);
}

function place(panels, drawn, wanted) {
  for (const key of drawn.keys()) if (!wanted.some((panel) => panel.key === key)) drawn.delete(key);
  for (const panel of drawn.values()) {
    panel.place ??= responsive((width) => trainingChart(panel.series, panel.measure, panel.total(), width));
  }
  const steps = [...new Set(wanted.map((panel) => panel.step))];
  fill(panels, steps.map((step) => {
    const own = [...drawn.values()].filter((panel) => panel.step === step);
    return h("div", { class: "training-step" },
      h("h3", {}, stepName(step)), legend(own),
      h("div", { class: "pair" }, own.map((panel) =>
        h("figure", {}, h("figcaption", { class: "over" }, caption(panel)), panel.place.node))));
  }));
}

const caption = ({ measure, series }) =>
  measure === "accuracy" && series.some((one) => one.held) ? "Accuracy; dashed: on validation images" : measure === "accuracy" ? "Accuracy" : "Loss";

function legend(panels) {
  const who = [...new Set(panels.flatMap((panel) => panel.series.map((one) => one.who)))].filter(Boolean);
  return who.length > 0 && h("p", { class: "legend" }, who.map((name) => h("span", { class: name }, name)));
}
