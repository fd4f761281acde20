// Promised against measured, as bars below one budget line.

import { bytes } from "../format.js";
import { chart, line, rect, scale, text } from "./frame.js";

const LABEL = 58; // width of a value beside its bar, pixels

/** `parts` are what the predicted bar consists of: [[name, bytes], ...] in drawing order. */
export function budgetBars(name, figures, parts, width) {
  const rows = ["predicted", "measured"].filter((row) => figures[row] !== undefined);
  const x = scale(0, Math.max(figures.budget, ...rows.map((row) => figures[row])), 72, width - 74);
  const height = 20 + 26 * rows.length;
  const bars = rows.map((row, i) => {
    const y = 20 + 26 * i;
    let at = 0;
    const pieces = row === "predicted" && parts.length ? parts : [[row, figures[row]]];
    return [
      text(64, y + 11, row, "tick", "end"),
      pieces.map(([part, size], step) => {
        const kind = row === "predicted" ? `bar p${step}` : "bar measured";
        const bar = rect(x(at), y, x(size) - x(0), 14, kind, `${part}: ${bytes(size)}`);
        at += size;
        return bar;
      }),
    ];
  });
  const values = rows.map((row, i) => text(beside(x(figures[row]), x(figures.budget)), 20 + 26 * i + 11, bytes(figures[row]), "figure"));
  const told = rows.map((row) => `${bytes(figures[row])} ${row}`).join(", ");
  return chart(width, height, `${name}: ${told}, budget ${bytes(figures.budget)}`, "budget", bars,
    line(x(figures.budget), 14, x(figures.budget), height, "limit"),
    text(x(figures.budget), 10, `budget ${bytes(figures.budget)}`, "label limit", "end"),
    values);
}

/** Where the value of a bar that ends at `end` begins: not across the line at `limit`. */
const beside = (end, limit) => (limit > end && limit < end + 6 + LABEL ? limit : end) + 6;
