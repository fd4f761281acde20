// Training curves: one panel a measure (loss, accuracy), one line a network.

import { percent, roundCount } from "../format.js";
import { chart, frame, padded, polyline } from "./frame.js";

const MEASURE = /^(?:(.*?)_)??(validation_)?(loss|accuracy)$/;

/** `largest_validation_accuracy` is the accuracy of the largest network, on held-out images. */
export function seriesOf(points) {
  const found = new Map();
  for (const { at, values } of points) {
    for (const [key, value] of Object.entries(values)) {
      const match = MEASURE.exec(key);
      if (!match || !Number.isFinite(value)) continue;
      if (!found.has(key)) {
        found.set(key, { key, who: match[1] ?? "", held: Boolean(match[2]), measure: match[3], points: [] });
      }
      found.get(key).points.push([at, value]);
    }
  }
  return [...found.values()];
}

/** The panel of one measure; the axis goes to `total` images, so that a curve grows to the right. */
export function trainingChart(series, measure, total, width) {
  const height = 210;
  const all = series.flatMap((one) => one.points);
  const isShare = measure === "accuracy";
  const [low, high] = padded(all.map(([, v]) => v), 0.05);
  const most = Math.max(total, ...all.map(([at]) => at));
  const area = frame(width, height, [0, most], isShare ? [Math.max(0, low), Math.min(1, high)] : [Math.max(0, low), high]);
  const lines = series.map((one) =>
    polyline(one.points.map(([at, v]) => [area.x(at), area.y(v)]), `series ${one.who || "alone"}${one.held ? " held" : ""}`));
  const name = `${measure} of ${series.map((one) => one.key.replaceAll("_", " ")).join(", ")}`;
  return chart(width, height, name, "training",
    area.grid(area.y.ticks(5), isShare ? (v) => percent(v, 0) : (v) => String(+v.toFixed(3))),
    lines, area.bottom(area.x.ticks(width < 400 ? 3 : 5), roundCount, "images seen"));
}
