// Stage 2: accuracy against each cost, side by side, with the front, the budget and the choice.

import { s } from "../dom.js";
import { bytes, count, percent, roundCount } from "../format.js";
import { scheduleText } from "../parts/schedule.js";
import { chart, clamp, dots, frame, line, padded, polyline, text } from "./frame.js";

export const COSTS = [
  { key: "sram_bytes", title: "SRAM", unit: 1024, tick: bytes },
  { key: "flash_bytes", title: "flash", unit: 1024, tick: bytes },
  { key: "macs", title: "MACs", unit: 1, tick: roundCount },
  { key: "latency_ms", title: "latency, ms", unit: 1, tick: roundCount },
];
const MANY = 2000; // from here on smaller points
const REACH = 26; // pixels around the pointer in which a point is found

/** Those that no candidate beats in accuracy at this cost or less, by rising cost. */
export function front(candidates, key) {
  let best = -1;
  return [...candidates]
    .sort((a, b) => a[key] - b[key] || b.accuracy - a.accuracy)
    .filter((c) => c.accuracy > best && (best = c.accuracy) >= 0);
}

export const candidateText = (c) =>
  [
    `Candidate ${c.id}: ${percent(c.accuracy)}`,
    `${bytes(c.sram_bytes)} SRAM, ${bytes(c.flash_bytes)} flash`,
    `${count(c.macs)} MACs${c.resolution ? ` at ${c.resolution} px` : ""}, ${scheduleText(c.schedule.segments)}`,
  ].join("\n");

/** One panel.  `chart.nearest(x, y)` finds a candidate, `chart.mark(c)` points at one. */
export function scatter(candidates, cost, { budget, chosen }, width) {
  const height = Math.round(clamp(width * 0.78, 220, 300));
  const costs = candidates.map((c) => c[cost.key]);
  const [x0, x1] = padded(budget ? [...costs, budget] : costs);
  const [y0, y1] = padded(candidates.map((c) => c.accuracy), 0.1);
  const area = frame(width, height, [Math.max(0, x0), x1], [Math.max(0, y0), Math.min(1, y1)]);
  const place = (c) => [area.x(c[cost.key]), area.y(c.accuracy)];
  const places = candidates.map(place);
  const steps = front(candidates, cost.key).map(place);
  const stairs = steps.flatMap(([x, y], i) => [[x, y], [steps[i + 1]?.[0] ?? area.x.end, y]]);
  const digits = area.y.high - area.y.low > 0.05 ? 0 : 1;
  const hit = s("circle", { r: 5, class: "hit", visibility: "hidden" });
  const taken = candidates.find((c) => c.id === chosen);
  const node = chart(width, height, `Accuracy against ${cost.title} of ${candidates.length} candidates`, "scatter",
    area.grid(area.y.ticks(5), (v) => percent(v, digits)),
    dots(places.filter((_, i) => !candidates[i].pareto), candidates.length > MANY ? "dots many" : "dots"),
    dots(places.filter((_, i) => candidates[i].pareto), "dots pareto"),
    polyline(stairs, "front"),
    budget && line(area.x(budget), area.y.end, area.x(budget), area.y.start, "limit"),
    budget && text(area.x(budget) - 5, area.y.start - 7, "budget", "label limit", "end"),
    taken && s("circle", { cx: place(taken)[0], cy: place(taken)[1], r: 6.5, class: "ring" }),
    hit,
    area.bottom(area.x.ticks(width < 300 ? 3 : 4, cost.unit), cost.tick, cost.title));
  return Object.assign(node, {
    nearest: (x, y) => candidates[nearest(places, x, y)] ?? null,
    mark(candidate) {
      hit.setAttribute("visibility", candidate ? "visible" : "hidden");
      if (!candidate) return;
      const [cx, cy] = place(candidate);
      hit.setAttribute("cx", cx);
      hit.setAttribute("cy", cy);
    },
  });
}

function nearest(places, x, y) {
  let [found, least] = [-1, REACH * REACH];
  places.forEach(([px, py], i) => {
    const far = (px - x) ** 2 + (py - y) ** 2;
    if (far < least) [found, least] = [i, far];
  });
  return found;
}
