// The form of a new job: every field that the API takes, the usual ones in front.

import { h } from "../dom.js";
import { bytes } from "../format.js";
import { choices, disclosure, field, select } from "../parts/form.js";
import { titleOf } from "../schema.js";
import { startOf, supernetField } from "./new-supernet.js";
import { datasetField } from "./new-upload.js";

const SCHEDULES = { all: "Any of them", layer: "Layer by layer", patch: "Patches", stream: "Row by row" };
const CHOICES = { held: "Held in SRAM", rows: "Fed row by row, from a camera", sandwich: "Sandwich rule", progressive: "Progressive shrinking",
  tpe: "TPE", nsga2: "NSGA-II", nsga3: "NSGA-III", random: "Random", evolution: "Evolution", predicted: "Evolution by predicted accuracies" };
const TITLES = {
  input: "Image",
  name: "Name", seed: "Seed", macs: "MACs at most", latency_ms: "Latency at most, ms", simulator: "Simulator", workers: "Training processes", recipe: "Supernet trained by", margin: "Fine-tuning margin", resolutions: "Resolutions to choose from", supernet: "Supernet of job",
  engine: "Search engine", objectives: "Objectives of the search",
  "effort.train_images": "Training images", "effort.evaluations": "Networks to try",
  "effort.finetune_images": "Fine-tuning images", "effort.train_minutes": "Minutes of training", "effort.finalists": "Finalists to fine-tune",
  "training.warmup": "Warm-up", "training.average": "Moving average of weights",
};
const PLACEHOLDERS = { name: "made from data and device", macs: "no limit", latency_ms: "no limit", supernet: "trained for this one" };
const ABSENT = { engine: "the default" };
const PLACED = new Set(["dataset", "device", "sram", "flash", "space", "schedules"]);
const ANY_SPACE = "the one that suits data and budget";
const OF_TRAINING = ["space", "recipe", "effort.train_images", "effort.train_minutes", "training.warmup", "training.average"];

const deviceText = (d) =>
  `${d.name} · ${d.core}, ${d.clock_hz / 1e6} MHz · ${bytes(d.sram_bytes)} SRAM, ${bytes(d.flash_bytes)} flash`;

/**
 * `{element, problem, submit, follow}`; `follow()` adapts the form to what is chosen.  It starts from
 * the supernet, the data and the seed of the job `first`, if there is one.
 */
export function jobForm({ fields, first, devices, spaces, datasets, signal, onChange }) {
  const known = new Map(fields.map((one) => [one.name, one]));
  const sram = field("sram", "SRAM", { placeholder: "e.g. 32KB", hint: "Bytes, or with KB or MB" });
  const flash = field("flash", "Flash", { placeholder: "e.g. 128KB", hint: "1 KB is 1,024 bytes" });
  const device = select("device", "Device", devices.map((d) => [d.name, deviceText(d)]));
  const target = choices("target", "Where", [["device", "A device"], ["budget", "Only a budget"]]);
  const schedules = known.get("schedules");
  const problem = h("div", {});
  const submit = h("button", { class: "main" }, "Start the job");
  const rest = (group) => fields
    .filter((one) => !PLACED.has(one.name) && !(first && one.name === "supernet") && (one.name.includes(".") ? one.name.split(".")[0] : "") === group)
    .map(generic);
  const element = h("form", { novalidate: true },
    h("fieldset", {}, h("legend", {}, "Data"), datasetField(datasets, { signal, onChange }), first && supernetField(generic(known.get("supernet")), first)),
    h("fieldset", {}, h("legend", {}, "Where it should run"), target.node, device.node,
      h("div", { class: "two" }, sram.node, flash.node)),
    h("fieldset", {}, h("legend", {}, "Search"),
      select("space", "Search space", [["", ANY_SPACE], ...spaces.map((s) => [s.name, s.name])],
        Object.fromEntries(spaces.map((s) => [s.name, s.description]))).node,
      h("span", { class: "label-text" }, "Schedules"),
      choices("schedules", "Schedules", (schedules?.examples ?? ["all"]).map((name) => [name, SCHEDULES[name] ?? name])).node),
    disclosure("Effort", "What is left empty is chosen for the data set.", h("div", { class: "two" }, rest("effort"))),
    disclosure("Training", "What is left empty has its default; tinynas sweep, on the command line, tries values against each other.", h("div", { class: "two" }, rest("training"))),
    disclosure("More", null, h("div", { class: "two" }, rest(""))),
    problem,
    h("div", { class: "row" }, submit));
  if (first) Object.entries(startOf(first)).forEach(([name, value]) => { element.elements[name].value = value; });
  const follow = () => {
    const trained = Boolean(element.elements.supernet?.value.trim());
    element.elements.space.options[0].text = trained ? "that of the supernet" : ANY_SPACE;
    for (const name of OF_TRAINING) if (element.elements[name]) element.elements[name].disabled = trained;
    const byDevice = target.value() === "device";
    device.node.hidden = !byDevice;
    const chosen = devices.find((d) => d.name === device.input.value);
    sram.input.placeholder = byDevice && chosen ? `${bytes(chosen.sram_bytes)}, all of it` : "e.g. 32KB";
    flash.input.placeholder = byDevice && chosen ? `${bytes(chosen.flash_bytes)}, all of it` : "e.g. 128KB";
  };
  return { element, problem, submit, follow };
}

/** A field by its schema alone: what the API learns to take, the form can ask for. */
function generic(one) {
  const title = TITLES[one.name] ?? titleOf(one);
  if (one.kind === "choice") {
    const any = one.enum.includes(one.default) ? [] : [["", ABSENT[one.name] ?? "any"]];
    return select(one.name, title, [...any, ...one.enum.map((v) => [v, CHOICES[v] ?? v])]).node;
  }
  if (one.kind === "switch") {
    return h("label", { class: "row" }, h("input", { type: "checkbox", name: one.name }), title);
  }
  const [example] = one.examples ?? [];
  const placeholder = PLACEHOLDERS[one.name] ?? (one.default !== undefined && one.default !== null ? String(one.default) : example === undefined ? "" : `e.g. ${example}`);
  return field(one.name, title, { kind: one.kind, placeholder, hint: one.description }).node;
}
