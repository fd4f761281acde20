// A network taken apart: its blocks, its memory over time, its layers.

import { bufferText, liveBytes, memoryMap } from "../charts/memory.js";
import { responsive } from "../charts/frame.js";
import { tips } from "../charts/tip.js";
import { h } from "../dom.js";
import { reportBlocks } from "./blocks.js";
import { layerTable } from "./layers.js";
import { streamText } from "./schedule.js";

const NARROWEST = 640; // pixels; on a phone the map is scrolled

/** `plan` has a report's blocks, layers, schedule, memory_parts and sram_bytes. */
export function anatomy(plan, { open = false } = {}) {
  const memory = responsive((width) => memoryMap(plan, Math.max(width, NARROWEST)));
  tips(memory.node, (target) => {
    const { buffer } = target.closest("g.buffer") ?? {};
    return buffer && bufferText(buffer);
  });
  const live = liveBytes(plan.schedule, plan.layers.length);
  return [
    h("h3", {}, "Architecture"),
    h("p", { class: "about" }, "One box a block: expansion (MB6 widens six times), kernel, channels, the size of its output. A dashed line joins the ends of a residual block."),
    reportBlocks(plan),
    h("h3", { class: "apart" }, "Memory over time"),
    h("p", { class: "about" }, "Each box is a buffer: its width is its life in operators, its height its bytes, its place its offset in the arena. Boxes overlap where an operator writes over input that it has read. Static data and stack lie above the arena." + streamText(plan.schedule.segments)),
    h("figure", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Memory over time" }, memory.node),
    h("details", { open, class: "apart" }, h("summary", {}, `Layer by layer (${plan.layers.length})`), layerTable(plan.layers, live)),
  ];
}
