// The architecture as a row of blocks: a list, so that it reads aloud in order.

import { h, s } from "../dom.js";
import { segmentName } from "./schedule.js";

const side = (n) => `${n} × ${n}`;
const WIDE = 84; // the drawing of a block's channels, pixels
const TALL = 38;

/**
 * Blocks of a plan, those within a patch or stream segment marked; `other` is a plan to compare
 * with: blocks that it does not have in this order stand out.
 */
export function reportBlocks(plan, other = null) {
  const most = Math.max(...plan.blocks.map((b) => b.expanded), ...(other?.blocks ?? []).map((b) => b.expanded));
  const common = other && shared(plan.blocks.map(shapeOf), other.blocks.map(shapeOf));
  let before = null;
  return h("ol", { class: "blocks" }, plan.blocks.map((block, i) => {
    const segment = segmentOf(block, plan.schedule.segments);
    const title = segment && segment !== before ? segmentName(segment) : "";
    before = segment;
    const differs = other !== null && !common.has(i);
    return blockItem(textOf(block), block, segment, title, most, differs);
  }));
}

/** Places in `one` of a longest sequence of shapes that `other` has in the same order. */
function shared(one, other) {
  const longest = Array.from({ length: one.length + 1 }, () => new Array(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      longest[i][j] = one[i] === other[j] ? 1 + longest[i + 1][j + 1] : Math.max(longest[i + 1][j], longest[i][j + 1]);
    }
  }
  const places = new Set();
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) {
      places.add(i);
      i += 1;
      j += 1;
    } else if (longest[i + 1][j] >= longest[i][j + 1]) i += 1;
    else j += 1;
  }
  return places;
}

/** The special segment that a block lies in, if any. */
const segmentOf = (block, segments) =>
  segments.find((one) => one.kind !== "layer" && one.first <= block.first && block.first < one.last) ?? null;

const shapeOf = (block) =>
  [block.kind, block.kernel, block.stride, block.in_channels, block.expanded, block.out_channels, block.out_size].join();

function textOf(block) {
  const { kind, kernel, in_channels: from, expanded, out_channels: to } = block;
  const window = side(kernel) + (block.stride > 1 ? `, stride ${block.stride}` : "");
  const size = side(block.out_size) + (block.residual ? " · residual" : "");
  switch (kind) {
    case "stem": return ["Conv", window, `${from} → ${to}`, size];
    case "mbconv": return [`MB${+block.expansion.toPrecision(2)}`, window, `${from} → ${expanded} → ${to}`, size];
    case "pool": return ["Mean", side(kernel), String(from), size];
    default: return ["Dense", "fully connected", `${from} → ${to}`, size];
  }
}

/** Channels from left to right as heights: in, expanded, out; a dashed line is the residual. */
function waist({ kind, in_channels: from, expanded, out_channels: to, residual }, most) {
  const half = (channels) => Math.max(1.5, (channels / most) * (TALL / 2 - 4));
  const middle = TALL / 2 + 2;
  const points = kind === "mbconv" ? [[0, from], [0.22, expanded], [0.78, expanded], [1, to]] : [[0, from], [1, to]];
  const upper = points.map(([x, c]) => `${x * WIDE} ${middle - half(c)}`);
  const lower = points.map(([x, c]) => `${x * WIDE} ${middle + half(c)}`).reverse();
  return s("svg", { class: "waist", viewBox: `0 0 ${WIDE} ${TALL}`, "aria-hidden": "true" },
    s("path", { d: `M${[...upper, ...lower].join("L")}Z` }),
    residual && s("path", { class: "skip", d: `M1 ${middle - half(from) - 2}Q1 0 12 0H${WIDE - 12}Q${WIDE - 1} 0 ${WIDE - 1} ${middle - half(to) - 2}` }));
}

function blockItem([title, ...lines], block, segment, segmentTitle, most, differs) {
  const size = lines.pop();
  const kernel = ["stem", "mbconv"].includes(block.kind);
  return h("li", { class: ["block", segment?.kind, differs && "differs"].filter(Boolean).join(" ") },
    segmentTitle && h("span", { class: "grid-name" }, segmentTitle),
    h("span", { class: "top" }, h("b", {}, title),
      kernel && h("i", { class: "kernel", style: `--k:${block.kernel}`, "aria-hidden": "true" })),
    waist(block, most),
    lines.map((text) => h("span", {}, text)),
    size && h("span", { class: "size" }, size),
    differs && h("span", { class: "sr" }, ", differs"));
}
