// Scales, ticks, axes; charts are redrawn to the width they have, so text keeps its size.

import { fill, h, s } from "../dom.js";

/** A linear map from [low, high] to [start, end]. */
export function scale(low, high, start, end) {
  const map = (value) => start + ((value - low) / (high - low || 1)) * (end - start);
  return Object.assign(map, {
    low, high, start, end,
    ticks(wanted, unit = 1) {
      const step = roundStep((high - low) / unit / Math.max(wanted, 1)) * unit;
      const first = Math.ceil(low / step - 1e-9);
      const last = Math.floor(high / step + 1e-9);
      return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
    },
  });
}

/** The 1, 2 or 5 times a power of ten that is at least `rough`. */
export function roundStep(rough) {
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((m) => power * m >= rough * (1 - 1e-9));
}

/** Lowest and highest value with some air around them. */
export function padded(values, share = 0.06) {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const air = (high - low) * share || Math.abs(high) * share || 1;
  return [low - air, high + air];
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The plotting area and its axes. */
export function frame(width, height, x, y, margins = {}) {
  const { top = 12, right = 14, bottom = 36, left = 48 } = margins;
  const xs = scale(...x, left, width - right);
  const ys = scale(...y, height - bottom, top);
  return {
    x: xs,
    y: ys,
    grid: (values, label) => values.map((v) => [
      line(xs.start, ys(v), xs.end, ys(v), "grid"),
      text(xs.start - 8, ys(v) + 3.5, label(v), "tick", "end"),
    ]),
    bottom: (values, label, title) => [
      line(xs.start, ys.start, xs.end, ys.start, "axis"),
      values.map((v) => [
        line(xs(v), ys.start, xs(v), ys.start + 4, "axis"),
        text(xs(v), ys.start + 16, label(v), "tick", "middle"),
      ]),
      text(xs.end, ys.start + 31, title, "axis-title", "end"),
    ],
  };
}

export const line = (x1, y1, x2, y2, kind) => s("line", { x1, y1, x2, y2, class: kind });
export const text = (x, y, content, kind, anchor) =>
  s("text", { x, y, class: kind, "text-anchor": anchor }, String(content));
export const rect = (x, y, width, height, kind, title) =>
  s("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), class: kind }, title && s("title", {}, title));

const at = (n) => Math.round(n * 10) / 10;
export const polyline = (points, kind) =>
  s("path", { class: kind, d: points.length ? `M${points.map(([x, y]) => `${at(x)} ${at(y)}`).join("L")}h0` : "" });

/** Many points as one path of zero-length strokes; those on the same half pixel are one. */
export function dots(points, kind) {
  const places = new Set(points.map(([x, y]) => `M${Math.round(x * 2) / 2} ${Math.round(y * 2) / 2}h0`));
  return s("path", { class: kind, d: [...places].join("") });
}

/** A whole chart; `name` is what a screen reader says. */
export const chart = (width, height, name, kind, ...children) =>
  s("svg", { class: `chart ${kind}`, width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name }, children);

/** A place for a chart: `draw(width)` is called when the width is known and when it changes. */
export function responsive(draw) {
  const node = h("div", {});
  let width = 0;
  const redraw = () => { if (width) fill(node, draw(width)); };
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width) return;
    width = now;
    redraw();
  }).observe(node);
  return { node, redraw };
}
