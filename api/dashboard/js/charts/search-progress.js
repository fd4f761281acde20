// The search over time: every measurement, and the best one so far.

import { grouped, percent } from "../format.js";
import { chart, clamp, dots, frame, padded, polyline } from "./frame.js";

/** [number, accuracy] where the best so far changes, as stairs. */
export function bestSoFar(candidates) {
  const steps = [];
  let best = -Infinity;
  for (const c of [...candidates].sort((a, b) => a.id - b.id)) {
    if (c.accuracy <= best) continue;
    if (steps.length) steps.push([c.id, best]);
    best = c.accuracy;
    steps.push([c.id, best]);
  }
  return steps;
}

export function searchProgress(candidates, total, width) {
  const height = Math.round(clamp(width * 0.78, 220, 300));
  const last = Math.max(total, ...candidates.map((c) => c.id + 1));
  const [low, high] = padded(candidates.map((c) => c.accuracy), 0.1);
  const area = frame(width, height, [0, last], [Math.max(0, low), Math.min(1, high)]);
  const place = ([x, y]) => [area.x(x), area.y(y)];
  const stairs = bestSoFar(candidates);
  if (stairs.length) stairs.push([Math.max(...candidates.map((c) => c.id)), stairs.at(-1)[1]]);
  const digits = high - low > 0.05 ? 0 : 1;
  const name = `Accuracy of ${candidates.length} measurements in their order, and the best so far`;
  return chart(width, height, name, "progress",
    area.grid(area.y.ticks(5), (v) => percent(v, digits)),
    dots(candidates.map((c) => place([c.id, c.accuracy])), candidates.length > 2000 ? "dots many" : "dots"),
    polyline(stairs.map(place), "front"),
    area.bottom(area.x.ticks(width < 300 ? 3 : 4), (v) => grouped(v), "networks measured"));
}
