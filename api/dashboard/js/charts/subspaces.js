// Stage 1: the work that the networks of each subspace do, as curves and as a map.

import { s } from "../dom.js";
import { count, percent, roundCount } from "../format.js";
import { chart, frame, polyline, rect, text } from "./frame.js";

const STEPS = 7;

export const isChosen = (row, table) =>
  row.width === table.chosen.width && row.resolution === table.chosen.resolution;
export const subspaceName = (row) => `width ${row.width}, ${row.resolution} px`;
export const subspaceText = (row) =>
  row.fits > 0
    ? `${subspaceName(row)}: ${percent(row.fits, 0)} fit, mean ${count(row.mean_macs)} MACs`
    : `${subspaceName(row)}: nothing fits`;

/** [MACs, share of all sampled networks at or below]; misfits count as no work at all. */
export function curvePoints(row) {
  const steps = (row.cdf?.length ?? 0) - 1;
  if (steps < 1 || row.fits <= 0) return [];
  const missing = 1 - row.fits;
  return [
    [0, missing], [row.cdf[0], missing],
    ...row.cdf.map((macs, i) => [macs, missing + (row.fits * i) / steps]),
  ];
}

/** Cumulative distributions; `near` is the row to light up. */
export function subspaceCurves(table, near, width) {
  const rows = table.subspaces.filter((row) => curvePoints(row).length);
  const height = Math.round(Math.min(380, Math.max(240, width * 0.52)));
  const highest = Math.max(...rows.map((row) => row.cdf.at(-1)), 1);
  const area = frame(width, height, [0, highest * 1.02], [0, 1]);
  const place = ([macs, share]) => [area.x(macs), area.y(share)];
  const rank = (row) => (row === near ? 2 : isChosen(row, table) ? 1 : 0);
  const curves = [...rows].sort((a, b) => rank(a) - rank(b)).map((row) => {
    const kind = ["curve", "curve chosen", "curve near"][rank(row)];
    return polyline(curvePoints(row).map(place), kind);
  });
  const chosen = rows.find((row) => isChosen(row, table));
  return chart(width, height, curvesName(table, rows), "curves",
    area.grid([0, 0.25, 0.5, 0.75, 1], (v) => percent(v, 0)), curves, chosen && chosenLabel(chosen, area),
    area.bottom(area.x.ticks(width < 480 ? 4 : 8), roundCount, "MACs of a network"));
}

const curvesName = (table, rows) =>
  `Distribution of MACs in ${rows.length} subspaces; ${subspaceName(table.chosen)} was chosen`;

function chosenLabel(row, area) {
  const [macs, share] = curvePoints(row).at(-6);
  const left = area.x(macs) > area.x.end - 130;
  return text(area.x(macs) + (left ? -9 : 9), area.y(share) + 4, subspaceName(row), "label chosen", left ? "end" : "start");
}

/** Width x resolution, shaded by the score that decided; `rows` of the cells are their `row`. */
export function heatMap(table, width) {
  const widths = [...new Set(table.subspaces.map((r) => r.width))].sort((a, b) => b - a);
  const resolutions = [...new Set(table.subspaces.map((r) => r.resolution))].sort((a, b) => a - b);
  const best = Math.max(...table.subspaces.map((r) => r.score)) || 1;
  const left = 40;
  const cell = Math.min(118, (width - left - 4) / resolutions.length);
  const tall = cell < 40 ? 26 : 34;
  const height = 8 + tall * widths.length + 40;
  const cells = table.subspaces.map((row) => {
    const x = left + cell * resolutions.indexOf(row.resolution);
    const y = 8 + tall * widths.indexOf(row.width);
    const step = row.fits > 0 ? Math.min(STEPS - 1, Math.floor((row.score / best) * STEPS)) : -1;
    return heatCell(row, x, y, cell, tall, step < 0 ? "none" : `s${step}`, isChosen(row, table));
  });
  cells.sort((a, b) => a.classList.contains("chosen") - b.classList.contains("chosen"));
  const every = Math.ceil(26 / cell);
  return chart(width, height, heatName(widths, resolutions, table), "heat", cells,
    widths.map((w, i) => text(left - 8, 8 + tall * (i + 0.5) + 3.5, w, "tick", "end")),
    resolutions.map((r, i) => i % every === 0 && text(left + cell * (i + 0.5), height - 24, r, "tick", "middle")),
    text(left + cell * resolutions.length, height - 6, "input resolution, pixels", "axis-title", "end"),
    text(0, height - 24, "width", "axis-title"));
}

const heatName = (widths, resolutions, table) =>
  `Map of ${widths.length} width multipliers by ${resolutions.length} resolutions; ` +
  `${subspaceName(table.chosen)} was chosen`;

function heatCell(row, x, y, width, height, step, chosen) {
  const room = width >= 46;
  const node = s("g", { class: `cell ${step}${chosen ? " chosen" : ""}` },
    rect(x + 1, y + 1, width - 2, height - 2, "shape"),
    row.fits > 0 && room && text(x + width / 2, y + 15, count(row.mean_macs), "value", "middle"),
    row.fits > 0 && room && text(x + width / 2, y + 27, `${percent(row.fits, 0)} fit`, "note", "middle"));
  node.row = row;
  return node;
}
