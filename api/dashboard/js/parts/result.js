// What came of a job: accuracy, promised and measured memory, validation.

import { budgetBars } from "../charts/budget.js";
import { responsive } from "../charts/frame.js";
import { h } from "../dom.js";
import { bytes, count, difference, grouped, percent } from "../format.js";

const figure = (title, value, note) =>
  h("div", {}, h("dt", {}, title), h("dd", {}, value), h("dd", { class: "note" }, note));

export function headline(result) {
  const { accuracy, sram_bytes: sram, flash_bytes: flash, validation } = result;
  return h("dl", { class: "figures" },
    figure("Accuracy, int8", percent(accuracy.int8), `float ${percent(accuracy.float)}`),
    figure("SRAM, measured", bytes(sram.measured), `of ${bytes(sram.budget)}`),
    figure("Flash, measured", bytes(flash.measured), `of ${bytes(flash.budget)}`),
    figure("MACs", count(result.macs), `recomputed ${count(result.recomputed_macs)}`),
    figure("Bytes that differ", grouped(validation.mismatched_bytes), `${validation.vectors} vectors on ${validation.simulator}`));
}

const MEMORY = [
  ["Budget", (f) => bytes(f.budget)],
  ["Predicted", (f) => bytes(f.predicted)],
  ["Linked", (f) => bytes(f.linked ?? f.measured)],
  ["Measured", (f) => bytes(f.measured)],
  ["Off by", (f) => difference(f.measured, f.predicted)],
  ["Left", (f) => bytes(f.budget - f.measured), (f) => (f.budget < f.measured ? "bad-text" : "good")],
];

/**
 * A column a memory: so it fits a phone.  `report` adds what the short result lacks: linked bytes
 * and what the totals consist of.
 */
export function memoryTable(result, report) {
  const all = ["sram_bytes", "flash_bytes"].map((key) => ({ ...(report?.[key] ?? {}), ...result[key] }));
  const { harness, vectors } = report?.flash_bytes ?? {};
  const apart = harness !== undefined && h("p", { class: "about" },
    `Counted apart: start-up code and harness ${bytes(harness)}, test vectors ${bytes(vectors)}.`);
  const table = h("table", { class: "promised" },
    h("caption", { class: "sr" }, "Memory: budget, predicted, linked and measured"),
    h("thead", {}, h("tr", {}, h("td", {}), ["SRAM", "Flash"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, MEMORY.map(([name, text, kind]) => h("tr", {}, h("th", { scope: "row", class: "text" }, name),
      all.map((figures) => h("td", { class: kind?.(figures) }, text(figures)))))));
  return [table, apart];
}

export function memoryBars(result, report) {
  const parts = report?.memory_parts;
  const sram = parts ? [["arena", parts.arena_bytes], ["static data", parts.static_bytes], ["stack", parts.stack_bytes]] : [];
  const flash = parts ? [["constants", parts.constant_bytes], ["code", parts.code_bytes]] : [];
  return h("div", { class: "pair" },
    bars("SRAM", result.sram_bytes, sram), bars("Flash", result.flash_bytes, flash));
}

function bars(name, figures, parts) {
  const place = responsive((width) => budgetBars(name, figures, parts, width));
  const caption = parts.length ? `${name}: ${parts.map(([part]) => part).join(", ")}` : name;
  return h("figure", {}, place.node, h("figcaption", {}, caption));
}

const FACTS = {
  simulator: "Simulator", machine: "Machine", device: "Device", linked_for: "Linked for", compiler: "Compiler", vectors: "Test vectors",
  mismatched_bytes: "Bytes that differ", instructions: "Instructions, simulated", instructions_per_mac: "Instructions per MAC",
};

/** What the simulated run found. */
export function validationFacts(validation) {
  const found = Object.entries(FACTS).filter(([key]) => validation[key] !== undefined && validation[key] !== null);
  return h("dl", { class: "facts" }, found.map(([key, name]) => {
    const value = validation[key];
    const whole = Number.isInteger(value);
    return [h("dt", {}, name), h("dd", {}, typeof value === "number" ? grouped(value, whole ? 0 : 2) : String(value))];
  }));
}
