// Parallel coordinates: one line a candidate, one axis a property; a stretch of an axis is a wish.

import { s } from "../dom.js";
import { bytes, count, percent } from "../format.js";
import { meanOf } from "../stats.js";
import { line, rect, scale, text } from "./frame.js";

const MOST = 700; // lines of candidates off the front that are drawn; more is a grey slab
const STEP = 0.05; // of an axis, by the keyboard
const number = (v) => String(+v.toFixed(2));
const block = (gene) => (c) => meanOf(c.architecture, gene);

const AXES = [
  { key: "stages", title: "blocks", value: (c) => c.architecture.stages.flat().length, label: number },
  { key: "kernel", title: "kernel", value: block("kernel"), label: number },
  { key: "expansion", title: "expansion", value: block("expansion"), label: number },
  { key: "width", title: "width", value: block("width"), label: number },
  { key: "macs", title: "MACs", value: (c) => c.macs, label: count },
  { key: "recomputed_macs", title: "recomputed", value: (c) => c.recomputed_macs, label: count },
  { key: "sram_bytes", title: "SRAM", value: (c) => c.sram_bytes, label: bytes },
  { key: "flash_bytes", title: "flash", value: (c) => c.flash_bytes, label: bytes },
  { key: "latency_ms", title: "latency", value: (c) => c.latency_ms ?? 0, label: (v) => `${number(v)} ms` },
  { key: "accuracy", title: "accuracy", value: (c) => c.accuracy, label: percent },
];

/** The axes on which these candidates differ, with their ranges. */
export function axesOf(candidates) {
  return AXES.map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const c of candidates) {
      const v = axis.value(c);
      if (v < low) low = v;
      if (v > high) high = v;
    }
    return { ...axis, low, high };
  }).filter(({ low, high }) => high > low);
}

/** Whether a candidate lies within every wish; `wishes` maps keys of axes to [low, high]. */
export const wished = (candidate, axes, wishes) =>
  axes.every((axis) => {
    const wish = wishes.get(axis.key);
    if (!wish) return true;
    const v = axis.value(candidate);
    return v >= wish[0] && v <= wish[1];
  });

/** The chart; `onWish(key, [low, high] | null)` is told what a person marks on an axis. */
export function parallel(candidates, wishes, { chosen, onWish }, width) {
  const axes = axesOf(candidates);
  const across = width >= 560;
  const gap = 62;
  const height = across ? 320 : 34 + gap * (axes.length - 1) + 18;
  const place = across ? flat(axes, width, height) : tall(axes, width, gap);
  const kept = candidates.filter((c) => wished(c, axes, wishes));
  const rest = thinned(kept.filter((c) => !c.pareto), MOST);
  const node = s("svg", {
    class: "chart parallel", width, height, viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": `Parallel coordinates of ${candidates.length} candidates, ${kept.length} within what is marked`,
  },
  wishes.size > 0 && threads(thinned(candidates.filter((c) => !wished(c, axes, wishes)), MOST), axes, place, "thread out"),
  threads(rest, axes, place, "thread"),
  threads(kept.filter((c) => c.pareto), axes, place, "thread pareto"),
  threads(candidates.filter((c) => c.id === chosen), axes, place, "thread taken"),
  axes.map((axis, i) => axisGroup(axis, place(i), wishes.get(axis.key), onWish)));
  return node;
}

/** Axes side by side: place(i) is `{at, across: true, scale}`. */
function flat(axes, width, height) {
  const gap = (width - 92) / Math.max(1, axes.length - 1);
  return (i) => ({ at: 46 + gap * i, across: true, map: scale(axes[i].low, axes[i].high, height - 30, 40) });
}

/** Axes one below the other, for a phone. */
function tall(axes, width, gap) {
  return (i) => ({ at: 34 + gap * i, across: false, map: scale(axes[i].low, axes[i].high, 8, width - 8) });
}

const thinned = (list, most) => {
  if (list.length <= most) return list;
  const step = list.length / most;
  return Array.from({ length: most }, (_, i) => list[Math.floor(i * step)]);
};

const at = (n) => Math.round(n * 2) / 2;

/** All lines of one kind as one path, each line once. */
function threads(list, axes, place, kind) {
  const places = axes.map((_, i) => place(i));
  const lines = new Set(list.map((c) => `M${axes.map((axis, i) => {
    const { at: fixed, across, map } = places[i];
    const v = at(map(axis.value(c)));
    return across ? `${at(fixed)} ${v}` : `${v} ${at(fixed)}`;
  }).join("L")}`));
  return s("path", { class: kind, d: [...lines].join("") });
}

function axisGroup(axis, place, wish, onWish) {
  const { at: fixed, across, map } = place;
  const words = wish ? `${axis.label(wish[0])} to ${axis.label(wish[1])}` : `all, ${axis.label(axis.low)} to ${axis.label(axis.high)}`;
  const group = s("g", {
    class: wish ? "pole wished" : "pole", tabindex: "0", role: "slider", "aria-label": `${axis.title}: keep`,
    "aria-valuetext": words, "aria-valuenow": wish ? wish[0] : axis.low, "aria-valuemin": axis.low, "aria-valuemax": axis.high,
    id: `pole-${axis.key}`,
  }, across ? upright(axis, fixed, map) : lying(axis, fixed, map), wish && mark(wish, fixed, across, map));
  const hit = across
    ? rect(fixed - 18, map.end - 6, 36, map.start - map.end + 12, "grip")
    : rect(0, fixed - 14, map.end + 8, 30, "grip");
  group.append(hit);
  pointing(group, hit, axis, across, map, onWish);
  typing(group, axis, wish, onWish);
  return group;
}

const upright = (axis, x, map) => [
  line(x, map.start, x, map.end, "axis"),
  text(x, map.end - 22, axis.title, "label", "middle"),
  text(x, map.end - 8, axis.label(axis.high), "tick", "middle"),
  text(x, map.start + 16, axis.label(axis.low), "tick", "middle"),
];

const lying = (axis, y, map) => [
  line(map.start, y, map.end, y, "axis"),
  text((map.start + map.end) / 2, y - 8, axis.title, "label", "middle"),
  text(map.start, y - 8, axis.label(axis.low), "tick", "start"),
  text(map.end, y - 8, axis.label(axis.high), "tick", "end"),
];

function mark([low, high], fixed, across, map) {
  const [a, b] = [map(low), map(high)];
  return across ? rect(fixed - 5, b, 10, a - b, "wish") : rect(a, fixed - 5, b - a, 10, "wish");
}

/** Drag along the axis to mark a stretch, click it to take the mark away. */
function pointing(group, hit, axis, across, map, onWish) {
  const valueAt = (event, box) => {
    const pixel = across ? event.clientY - box.top : event.clientX - box.left;
    const share = (pixel - map.start) / (map.end - map.start);
    return axis.low + Math.min(1, Math.max(0, share)) * (axis.high - axis.low);
  };
  hit.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const box = group.ownerSVGElement.getBoundingClientRect(); // each wish draws the chart anew
    const from = valueAt(event, box);
    const move = (later) => {
      const to = valueAt(later, box);
      const far = Math.abs(to - from) > 0.015 * (axis.high - axis.low);
      onWish(axis.key, far ? [Math.min(from, to), Math.max(from, to)] : null);
    };
    const end = (later) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      move(later);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
  });
}

/** Arrows move the lower end, with Shift the upper one; Escape takes the mark away. */
function typing(group, axis, wish, onWish) {
  group.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") onWish(axis.key, null);
    if (!way) return;
    event.preventDefault();
    const by = way * STEP * (axis.high - axis.low);
    let [low, high] = wish ?? [axis.low, axis.high];
    if (event.shiftKey) high = Math.min(axis.high, Math.max(low, high + by));
    else low = Math.max(axis.low, Math.min(high, low + by));
    onWish(axis.key, low <= axis.low && high >= axis.high ? null : [low, high]);
  });
}
