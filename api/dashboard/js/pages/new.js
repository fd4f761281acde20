// A new job: the form, and the same request for curl and the command line.

import { Problem, request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { codeBlock } from "../parts/code.js";
import { cliOf, curlOf } from "../parts/commands.js";
import { choices, disclosure, field, markWrong, select } from "../parts/form.js";
import { errorNotice, problemNotice } from "../parts/notice.js";

const NUMBERS = ["macs", "seed"];
const EFFORT = ["train_images", "evaluations", "finetune_images"];

export function newPage(_, signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading what is known…"));
  load(node, signal);
  return { title: "New job", node };
}

async function load(node, signal) {
  try {
    const [devices, spaces, datasets] = await Promise.all(
      ["/devices", "/search-spaces", "/datasets"].map((path) => request(path, { signal }).then((p) => p.items)));
    fill(node, form(devices, spaces, datasets, signal));
  } catch (error) {
    if (!signal.aborted) fill(node, errorNotice(error, () => load(node, signal)));
  }
}

function form(devices, spaces, datasets, signal) {
  const curl = codeBlock("curl", "");
  const cli = codeBlock("Command line", "");
  const problem = h("div", {});
  const submit = h("button", { class: "main" }, "Start the job");
  const sram = field("sram", "SRAM", { placeholder: "e.g. 32KB", hint: "Bytes, or with KB or MB" });
  const flash = field("flash", "Flash", { placeholder: "e.g. 128KB", hint: "1 KB is 1,024 bytes" });
  const device = select("device", "Device", devices.map((d) => [d.name, deviceText(d)]));
  const target = choices("target", [["device", "A device"], ["budget", "Only a budget"]]);
  const element = h("form", { novalidate: true },
    h("fieldset", {}, h("legend", {}, "Data"),
      select("dataset", "Data set", ready(datasets).map((d) => [d.name, datasetText(d)])).node),
    h("fieldset", {}, h("legend", {}, "Where it should run"), target.node, device.node,
      h("div", { class: "two" }, sram.node, flash.node)),
    h("fieldset", {}, h("legend", {}, "Search"),
      select("space", "Search space", [["", "the one that suits the data"], ...spaces.map((s) => [s.name, s.name])],
        Object.fromEntries(spaces.map((s) => [s.name, s.description]))).node,
      h("span", { class: "label-text" }, "Schedules"),
      choices("schedules", [["all", "Whatever fits best"], ["layer", "Layer by layer"], ["patch", "Patches"]]).node),
    disclosure("Effort", "What is left empty is chosen for the data set.",
      h("div", { class: "two" },
        field("effort.train_images", "Training images", { kind: "count" }).node,
        field("effort.evaluations", "Networks to try", { kind: "count" }).node,
        field("effort.finetune_images", "Fine-tuning images", { kind: "count" }).node)),
    disclosure("More", null,
      h("div", { class: "two" },
        field("name", "Name", { placeholder: "made from data and device" }).node,
        field("seed", "Seed", { kind: "count", placeholder: "0" }).node,
        field("macs", "MACs at most", { kind: "count", placeholder: "no limit" }).node)),
    problem,
    h("div", { class: "row" }, submit));

  const update = () => {
    const byDevice = target.value() === "device";
    device.node.hidden = !byDevice;
    const chosen = devices.find((d) => d.name === device.input.value);
    sram.input.placeholder = byDevice && chosen ? `${bytes(chosen.sram_bytes)}, all of it` : "e.g. 32KB";
    flash.input.placeholder = byDevice && chosen ? `${bytes(chosen.flash_bytes)}, all of it` : "e.g. 128KB";
    const body = bodyOf(element);
    curl.set(curlOf(body));
    cli.set(cliOf(body));
  };
  element.addEventListener("input", (event) => {
    markWrong(element, event.target.name, null);
    update();
  });
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(problem);
    if (!complete(element)) return;
    submit.disabled = true;
    try {
      const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
      const job = await request("/jobs", { method: "POST", body: bodyOf(element), headers, signal });
      location.hash = `#/jobs/${job.id}`;
    } catch (error) {
      submit.disabled = false;
      if (!signal.aborted) fill(problem, explain(error, element, update));
    }
  });
  update();
  return [
    h("div", { class: "head" }, h("h1", {}, "New job")),
    h("div", { class: "new" }, element,
      h("aside", { "aria-label": "The same request elsewhere" },
        h("h2", {}, "The same from a terminal"), cli.node, curl.node)),
  ];
}

/** What comes with the project first: it needs no download. */
const ready = (datasets) => [...datasets].sort((a, b) => (b.name === "digits") - (a.name === "digits"));
const deviceText = (d) =>
  `${d.name} · ${d.core}, ${d.clock_hz / 1e6} MHz · ${bytes(d.sram_bytes)} SRAM, ${bytes(d.flash_bytes)} flash`;
const datasetText = (d) => `${d.name} · ${d.classes} classes, ${d.native_resolution} × ${d.native_resolution} pixels`;

/** The request that the form stands for; empty fields are left to the service. */
function bodyOf(element) {
  const body = {};
  const effort = {};
  for (const [name, value] of new FormData(element)) {
    const text = value.trim();
    if (text === "" || name === "target" || (name === "schedules" && text === "all")) continue;
    if (name === "device" && element.elements.target.value === "budget") continue;
    const key = name.replace("effort.", "");
    if (EFFORT.includes(key)) effort[key] = Number(text);
    else body[name] = NUMBERS.includes(name) ? Number(text) : text;
  }
  if (Object.keys(effort).length) body.effort = effort;
  return body;
}

/** Whether all that is needed is there; says what is missing. */
function complete(element) {
  if (element.elements.target.value === "device") return true;
  const missing = ["sram", "flash"].filter((name) => !element.elements[name].value.trim());
  for (const name of missing) markWrong(element, name, "Needed where no device is named, for example 32KB");
  if (missing.length) element.elements[missing[0]].focus();
  return missing.length === 0;
}

/** Puts each complaint beside its field; what belongs to none is said above the button. */
function explain(error, element, update) {
  if (!(error instanceof Problem)) return errorNotice(error);
  const { errors, field: name, required_bytes: required } = error.members;
  const wrong = errors ?? (name ? [{ field: name, allowed: error.message }] : []);
  const placed = wrong.filter((e) => markWrong(element, e.field, e.allowed ?? error.message));
  if (placed.length) element.elements[placed[0].field].focus();
  if (required && element.elements[name]) return infeasible(error, element.elements[name], required, update);
  return placed.length ? null : problemNotice(error.members.title ?? "Refused", error.message);
}

function infeasible(error, input, required, update) {
  const raise = h("button", { type: "button" }, `Set it to ${bytes(required)}`);
  const notice = problemNotice("Nothing fits", error.message, h("div", { class: "row" }, raise));
  raise.addEventListener("click", () => {
    input.value = String(required);
    markWrong(input.form, input.name, null);
    notice.remove();
    update();
    input.focus();
  });
  return notice;
}
