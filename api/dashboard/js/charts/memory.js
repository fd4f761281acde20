// Where the memory goes: each buffer's life and place, and the budget above all of it.

import { s } from "../dom.js";
import { bytes, grouped } from "../format.js";
import { segmentName } from "../parts/schedule.js";
import { chart, frame, line, rect, text } from "./frame.js";

const INK = 6.4; // width of a character of a label, pixels
const FAR = 2; // a budget this many times what is used is named above the map instead of drawn

/** Bytes of the arena in use at each op; where buffers overlap, bytes count once. */
export const liveBytes = (schedule, ops) =>
  Array.from({ length: ops }, (_, op) => covered(schedule.buffers.filter((b) => b.first <= op && op <= b.last)));

function covered(buffers) {
  let [total, end] = [0, 0];
  for (const { offset, bytes: size } of [...buffers].sort((a, b) => a.offset - b.offset)) {
    total += Math.max(0, offset + size - Math.max(offset, end));
    end = Math.max(end, offset + size);
  }
  return total;
}

export const bufferText = (b) =>
  `${b.tensor ?? b.name}: ${bytes(b.bytes)}\noffset ${grouped(b.offset)}, op ${b.first} to ${b.last}`;

/** The map of a plan's schedule, at least `least` bytes high; elements of buffers carry their `buffer`. */
export function memoryMap(report, width, least = 0) {
  const { schedule, layers, memory_parts: parts } = report;
  const budget = report.sram_bytes.budget;
  const live = liveBytes(schedule, layers.length);
  const peak = live.indexOf(Math.max(...live));
  const total = parts.arena_bytes + parts.static_bytes + parts.stack_bytes;
  const most = Math.max(total, least);
  const far = budget > most * FAR;
  const area = frame(width, 400, [0, layers.length], [0, far ? most * 1.15 : Math.max(budget, most) * 1.04],
    { top: 42, bottom: 92, left: 58 });
  const name =
    `Memory over time: ${schedule.buffers.length} buffers in an arena of ${bytes(parts.arena_bytes)}, ` +
    `fullest at ${layers[peak].name}; ${bytes(total)} of ${bytes(budget)} SRAM in all`;
  return chart(width, 400, name, "memory",
    schedule.segments.filter((one) => one.kind !== "layer").map((one) => segment(area, one)),
    area.grid(area.y.ticks(6, 1024), bytes),
    schedule.buffers.map((b) => buffer(area, b)),
    fullest(area, peak, live[peak]),
    schedule.buffers.map((b) => bufferLabel(area, b, clearUntil(b, schedule.buffers))),
    bands(area, parts),
    schedule.segments.filter((one) => one.kind !== "layer").map((one) => segmentLabel(area, one)),
    limit(area, budget, far),
    names(area, layers));
}

const box = (area, first, last, low, high) =>
  [area.x(first), area.y(high), area.x(last) - area.x(first), area.y(low) - area.y(high)];

function segment(area, one) {
  const [x, , width] = box(area, one.first, one.last, 0, 0);
  return s("g", { class: `segment ${one.kind}` }, rect(x, area.y.end, width, area.y.start - area.y.end, "shape"));
}

const segmentLabel = (area, one) =>
  s("g", { class: "segment" }, text(area.x(one.first) + 4, area.y.end - 8, segmentName(one), "label"));

function buffer(area, b) {
  const [x, y, width, height] = box(area, b.first, b.last + 1, b.offset, b.offset + b.bytes);
  const name = b.tensor ?? b.name;
  const kind = b.tensor === null ? "buffer scratch" : ["input", "logits"].includes(name) ? "buffer edge" : "buffer";
  const node = s("g", { class: kind },
    rect(x + 0.5, y + 0.5, Math.max(width - 1, 1), Math.max(height - 1, 0.5), "shape"));
  node.buffer = b;
  return node;
}

const shareBytes = (a, b) => a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

/** The op before which nothing is written over a buffer: an output may take its input's place. */
const clearUntil = (b, buffers) =>
  Math.min(b.last + 1, ...buffers.filter((o) => o.first > b.first && o.first <= b.last && shareBytes(b, o)).map((o) => o.first));

/** The longest label that has room, lying or upright, where only this buffer is. */
function bufferLabel(area, b, end) {
  const [x, y, width, height] = box(area, b.first, end, b.offset, b.offset + b.bytes);
  const name = b.tensor ?? b.name;
  const kind = ["input", "logits"].includes(name) ? "value edge" : "value";
  for (const label of [`${name}  ${bytes(b.bytes)}`, name]) {
    const long = label.length * INK + 6;
    if (height >= 13 && long < width) return text(x + width / 2, y + height / 2 + 3.5, label, kind, "middle");
    if (width >= 13 && long < height) {
      return s("text", { class: kind, "text-anchor": "middle", transform: `translate(${x + width / 2 + 3.5} ${y + height / 2}) rotate(-90)` }, label);
    }
  }
  return null;
}

/** Above the arena: the library's static data and the stack's high-water mark. */
function bands(area, parts) {
  let low = parts.arena_bytes;
  return [["static_bytes", "static data"], ["stack_bytes", "stack"]].map(([key, name]) => {
    const size = parts[key];
    const [x, y, width, height] = box(area, area.x.low, area.x.high, low, low + size);
    low += size;
    const label = height >= 12 && text(x + width - 6, y + height / 2 + 3.5, `${name} ${bytes(size)}`, "value", "end");
    return size > 0 && s("g", { class: "band" }, rect(x, y, width, height, "shape", `${name}: ${bytes(size)}`), label);
  });
}

function limit(area, budget, far) {
  const y = far ? area.y.end : area.y(budget);
  const name = far ? `budget ${bytes(budget)}, far above ↑` : `budget ${bytes(budget)}`;
  return [
    !far && line(area.x.start, y, area.x.end, y, "limit"),
    text(area.x.end - 4, y - 6, name, "label limit", "end"),
  ];
}

function fullest(area, op, size) {
  const middle = area.x(op + 0.5);
  const start = op < area.x.high / 2;
  return [
    line(middle, area.y.end - 32, middle, area.y.start, "peak"),
    text(middle + (start ? 6 : -6), area.y.end - 24, `fullest: ${bytes(size)} live`, "label peak", start ? "start" : "end"),
  ];
}

/** Op names below the axis, turned; some are left out where they would touch. */
function names(area, layers) {
  const base = area.y.start;
  const step = Math.ceil(11 / (area.x(1) - area.x(0)));
  return [
    line(area.x.start, base, area.x.end, base, "axis"),
    layers.map((layer, op) => op % step === 0 && s("text", {
      class: "tick", "text-anchor": "end",
      transform: `translate(${area.x(op + 0.5) + 3} ${base + 8}) rotate(-60)`,
    }, layer.name)),
  ];
}
