// The architecture as a row of blocks: a list, so that it reads aloud in order.

import { h } from "../dom.js";

const side = (n) => `${n} × ${n}`;

/** Blocks of a report, those within patches marked. */
export function reportBlocks(report) {
  let before = "";
  return h("ol", { class: "blocks" }, report.blocks.map((block) => {
    const patch = patchOf(block, report.schedule.segments);
    const title = patch && patch !== before ? patch : "";
    before = patch;
    return blockItem(textOf(block), block.kernel, patch, title);
  }));
}

function patchOf(block, segments) {
  const inside = segments.find((one) => one.kind === "patch" && one.first <= block.first && block.first < one.last);
  return inside ? `${inside.grid[0]} × ${inside.grid[1]} patches` : "";
}

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

/** Blocks of a candidate that has not been built: what the search chose, stage by stage. */
export const candidateBlocks = (architecture) =>
  h("div", { class: "stages" }, architecture.stages.map((blocks, i) => h("div", {},
    h("h3", {}, `Stage ${i + 1}, ${blocks.length} ${blocks.length === 1 ? "block" : "blocks"}`),
    h("ol", { class: "blocks" }, blocks.map((b) => {
      const width = b.width === 1 ? "full width" : `${b.width} of the width`;
      return blockItem([`MB${b.expansion}`, side(b.kernel), width, ""], b.kernel, "", "");
    })))));

function blockItem([title, ...lines], kernel, patch, gridName) {
  const size = lines.pop();
  return h("li", { class: patch ? "block patch" : "block" },
    gridName && h("span", { class: "grid-name" }, gridName),
    h("span", { class: "top" }, h("b", {}, title),
      title !== "Mean" && title !== "Dense" && h("i", { class: "kernel", style: `--k:${kernel}`, "aria-hidden": "true" })),
    lines.map((text) => h("span", {}, text)),
    size && h("span", { class: "size" }, size));
}
