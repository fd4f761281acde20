// The confusion matrix of many classes: too many for figures, so squares whose strength is the share.

import { s } from "../dom.js";
import { grouped, percent } from "../format.js";
import { chart, rect, text } from "./frame.js";

const LEFT = 22;
const BOTTOM = 20;
const MOST = 460; // pixels
const STEPS = 7;
const MISSES = [0.05, 0.2]; // shares of a class above which a mistake is drawn stronger

/** Rows are true classes, columns what the network says; `chart.at(x, y)` tells of a cell. */
export function confusionMap({ classes, counts }, width) {
  const side = Math.min(MOST, width - LEFT - 2);
  const cell = side / classes.length;
  const sums = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const kinds = new Map();
  counts.forEach((row, i) => row.forEach((n, j) => {
    if (!n) return;
    const kind = kindOf(n / sums[i], i === j);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(square(LEFT + j * cell, i * cell, Math.max(cell, 1.6)));
  }));
  const name = `Confusion matrix of ${classes.length} classes: ${percent(share(counts), 1)} of the images are on its diagonal`;
  const node = chart(LEFT + side + 2, side + BOTTOM, name, "confusion-map",
    rect(LEFT, 0, side, side, "ground"),
    [...kinds].map(([kind, squares]) => s("g", { class: `cell ${kind}` }, s("path", { class: "shape", d: squares.join("") }))),
    text(LEFT + side, side + 14, "what the int8 network says", "axis-title", "end"),
    s("text", { class: "axis-title", transform: `translate(14 ${side}) rotate(-90)` }, "the true class"));
  node.at = (x, y) => {
    const [i, j] = [Math.floor(y / cell), Math.floor((x - LEFT) / cell)];
    const n = counts[i]?.[j];
    if (n === undefined) return "";
    return i === j ? `${classes[i]}: ${grouped(n)} of ${grouped(sums[i])} right`
      : `${classes[i]} taken for ${classes[j]}: ${grouped(n)} of ${grouped(sums[i])}`;
  };
  return node;
}

const at = (n) => Math.round(n * 10) / 10;
const square = (x, y, size) => `M${at(x)} ${at(y)}h${at(size)}v${at(size)}h${-at(size)}z`;

const kindOf = (part, right) =>
  right ? `s${Math.min(STEPS - 1, Math.floor(part * STEPS))}` : `miss${MISSES.filter((least) => part > least).length}`;

function share(counts) {
  const all = counts.flat().reduce((sum, n) => sum + n, 0);
  return all ? counts.reduce((sum, row, i) => sum + row[i], 0) / all : 0;
}
