// The parts of a job's page that a finished job has: result, architecture, memory, downloads; and its log.

import { memoryMap, bufferText } from "../charts/memory.js";
import { responsive } from "../charts/frame.js";
import { tips } from "../charts/tip.js";
import { fill, h } from "../dom.js";
import { reportBlocks } from "../parts/blocks.js";
import { downloadList } from "../parts/downloads.js";
import { layerTable } from "../parts/layers.js";
import { scheduleText } from "../parts/schedule.js";
import { headline, memoryBars, memoryTable, validationFacts } from "../parts/result.js";

export function resultSection(model) {
  const node = h("div", { hidden: true });
  return {
    node,
    update(parts) {
      if (!parts.has("job") && !parts.has("artifacts")) return;
      const { result } = model.job;
      const has = Boolean(result) || model.artifacts?.length > 0;
      node.hidden = !has;
      if (has) fill(node, result && outcome(result, model.report), model.artifacts?.length > 0 && downloads(model), model.report && anatomy(model.report));
    },
  };
}

const outcome = (result, report) =>
  h("section", { class: "appear" },
    headline(result),
    h("h2", {}, "Promised and measured"),
    h("p", { class: "about" }, "Predicted by the planner before any code was written; measured from the ELF file and the simulated run."),
    memoryBars(result, report), memoryTable(result, report));

const downloads = (model) =>
  h("section", { class: "pair" },
    h("div", {}, h("h2", {}, "Downloads"), downloadList(model.path, model.artifacts)),
    model.job.result && h("div", {}, h("h2", {}, "Validation"),
      h("p", { class: "about" }, "The firmware ran on the simulated device; every output byte was compared with the integer reference."),
      validationFacts({ device: model.job.result.device, ...(model.report?.validation ?? {}), ...model.job.result.validation })));

function anatomy(report) {
  const { chosen } = report.subspaces;
  const memory = responsive((width) => memoryMap(report, Math.max(width, 640)));
  tips(memory.node, (target) => {
    const { buffer } = target.closest("g.buffer") ?? {};
    return buffer && bufferText(buffer);
  });
  return [
    h("section", {}, h("h2", {}, "Architecture"),
      h("p", { class: "about" }, `Width ${chosen.width}, input ${chosen.resolution} × ${chosen.resolution} pixels; ${scheduleText(report.schedule.segments)}. The squares show the kernel, the last line is the size of the block's output.`),
      reportBlocks(report)),
    h("section", {}, h("h2", {}, "Memory over time"),
      h("p", { class: "about" }, "Each box is a buffer: its width is its life in operators, its height its bytes, its place its offset in the arena. Static data and stack lie above the arena."),
      h("figure", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Memory over time" }, memory.node)),
    h("section", {}, h("details", {}, h("summary", {}, `Layers (${report.layers.length})`), layerTable(report.layers))),
  ];
}

export function logSection(model) {
  const text = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": "Log" });
  const node = h("section", { hidden: true }, h("h2", {}, "Log"), text);
  return {
    node,
    update(parts) {
      if (!parts.has("log") || model.log.length === 0) return;
      const followed = text.scrollTop + text.clientHeight >= text.scrollHeight - 8;
      node.hidden = false;
      text.textContent = model.log.map((line) => `${line.step.padEnd(9)} ${line.message}`).join("\n");
      if (followed) text.scrollTop = text.scrollHeight;
    },
  };
}
