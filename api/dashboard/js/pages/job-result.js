// The parts of a job's page that a finished job has: result, network, what to take away; and its log.

import { respond } from "../api.js";
import { fill, h } from "../dom.js";
import { anatomy } from "../parts/anatomy.js";
import { boardGuide } from "../parts/board.js";
import { downloadList } from "../parts/downloads.js";
import { scheduleText } from "../parts/schedule.js";
import { headline, memoryBars, memoryTable, validationFacts } from "../parts/result.js";

/** A section that is filled when job or files change, and hidden while `content` gives nothing. */
function filled(model, id, name, content) {
  const node = h("section", { id, hidden: true });
  return {
    node,
    name,
    update(parts) {
      if (!parts.has("job") && !parts.has("artifacts")) return;
      const found = content(model);
      node.hidden = !found;
      if (found) fill(node, found);
    },
  };
}

export const resultSection = (model) =>
  filled(model, "result", "Result", ({ job: { result }, report }) => result && [
    headline(result),
    h("h2", {}, "Promised and measured"),
    h("p", { class: "about" }, "Predicted by the planner before any code was written; linked as the ELF file says; measured with the stack's high-water mark of the simulated run."),
    memoryBars(result, report), memoryTable(result, report),
  ]);

export function takeAwaySection(model) {
  let log = null; // made once: it stays open when the section is drawn anew
  return filled(model, "downloads", "Take away", ({ job, path, artifacts, report }) => artifacts?.length > 0 && [
    h("h2", {}, "Take away"),
    h("div", { class: "pair" },
      h("div", {}, h("h3", {}, "Downloads"), downloadList(path, artifacts)),
      job.result && h("div", {}, h("h3", {}, "Put it on the board"), boardGuide(job.result.device))),
    job.result && h("div", { class: "apart" }, h("h3", {}, "Validation"),
      h("p", { class: "about" }, "The firmware ran on the simulated device; every output byte was compared with the integer reference. Simulated instructions are not a real part's cycles."),
      validationFacts({ device: job.result.device, ...(report?.validation ?? {}), ...job.result.validation }),
      artifacts.some((a) => a.name === SIMULATOR_LOG) && (log ??= simulatorLog(path))),
  ]);
}

const SIMULATOR_LOG = "simulator.txt";

function simulatorLog(path) {
  const text = h("pre", { class: "log", tabindex: "0", role: "group", "aria-label": "The simulator's log" }, "Loading…");
  const node = h("details", { class: "after" }, h("summary", {}, "The simulator's log"), text);
  let read = false;
  node.addEventListener("toggle", async () => {
    if (read || !node.open) return;
    try {
      text.textContent = await (await respond(`${path}/artifacts/${SIMULATOR_LOG}`)).text();
      read = true;
    } catch (error) {
      text.textContent = error.message;
    }
  });
  return node;
}

/** Of the network's images in pixels: its own choice, or stage 1's for all. */
const sideOf = (report) => report.architecture.resolution ?? report.subspaces.chosen.resolution;

export const networkSection = (model) =>
  filled(model, "network", "Network", ({ report }) => report && [
    h("h2", {}, "Network"),
    h("p", { class: "about" }, `Width ${report.subspaces.chosen.width}, input ${sideOf(report)} × ${sideOf(report)} pixels; ${scheduleText(report.schedule.segments)}.`),
    anatomy(report),
  ]);

export function logSection(model) {
  const text = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": "Log" });
  const node = h("section", { id: "log", hidden: true }, h("h2", {}, "Log"), text);
  return {
    node,
    name: "Log",
    update(parts) {
      if (!parts.has("log") || model.log.length === 0) return;
      const followed = text.scrollTop + text.clientHeight >= text.scrollHeight - 8;
      node.hidden = false;
      text.textContent = model.log.map((line) => `${line.step.padEnd(9)} ${line.message}`).join("\n");
      if (followed) text.scrollTop = text.scrollHeight;
    },
  };
}
