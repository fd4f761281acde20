// A new job: the form, what stage 1 says of it, and the same request for curl and the command line.

import { Problem, request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes } from "../format.js";
import { codeBlock } from "../parts/code.js";
import { cliOf, curlOf } from "../parts/commands.js";
import { markWrong } from "../parts/form.js";
import { errorNotice, problemNotice } from "../parts/notice.js";
import { bodyOf, complaint, jobSchema } from "../schema.js";
import { jobForm } from "./new-form.js";
import { previewPanel } from "./new-preview.js";

/** An empty form or, with the id of a job, one for another device of what that job has trained. */
export function newPage([from], signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading what is known…"));
  load(node, from, signal);
  return { title: "New job", node };
}

async function load(node, from, signal) {
  try {
    const [schema, first, devices, spaces, datasets] = await Promise.all([
      jobSchema(signal),
      from && request(`/jobs/${encodeURIComponent(from)}`, { signal }),
      ...["/devices", "/search-spaces", "/datasets"].map((path) => request(path, { signal }).then((p) => p.items)),
    ]);
    fill(node, page({ ...schema, first, devices, spaces, datasets, signal }));
  } catch (error) {
    if (!signal.aborted) fill(node, errorNotice(error, () => load(node, from, signal)));
  }
}

function page({ fields, estimates, signal, ...known }) {
  const curl = codeBlock("curl", "");
  const cli = codeBlock("Command line", "");
  const form = jobForm({ fields, signal, ...known, onChange: () => update() });
  const { element, problem, submit } = form;
  const sent = h("div", {}); // what came back when it was sent: stands until something is changed
  const foreseen = h("div", {}); // what stage 1 says would come back
  fill(problem, sent, foreseen);
  const preview = previewPanel({ signal, estimates }, (refused) => {
    if (!sent.hasChildNodes()) fill(foreseen, refused && explain(refused, element, update, false));
  });
  const body = () => bodyOf(fields, textsOf(element));

  function update() {
    fill(sent);
    form.follow();
    const wanted = body();
    curl.set(curlOf(wanted));
    cli.set(cliOf(wanted));
    preview.ask(wanted, missing(element).length === 0 && wrong(fields, element).length === 0);
  }
  element.addEventListener("input", (event) => {
    const { name } = event.target;
    const field = fields.find((one) => one.name === name);
    markWrong(element, name, field ? complaint(field, event.target.value.trim()) : null);
    update();
  });
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    fill(sent);
    if (!complete(fields, element)) return;
    submit.disabled = true;
    try {
      const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
      const job = await request("/jobs", { method: "POST", body: body(), headers, signal });
      location.hash = `#/jobs/${job.id}`;
    } catch (error) {
      submit.disabled = false;
      if (signal.aborted) return;
      fill(foreseen);
      fill(sent, explain(error, element, update, true));
    }
  });
  queueMicrotask(update); // once the form is in the page
  return [
    h("div", { class: "head" }, h("h1", {}, "New job")),
    h("div", { class: "new" }, element,
      h("aside", { "aria-label": "What it would do" }, preview.node,
        h("h2", {}, "The same from a terminal"), cli.node, curl.node)),
  ];
}

/** What the fields hold, those left out that the choice of target makes meaningless. */
function textsOf(element) {
  const texts = new Map([...new FormData(element)].filter(([name]) => name !== "target"));
  if (element.elements.target.value === "budget") texts.delete("device");
  return texts;
}

const missing = (element) =>
  element.elements.target.value === "device" ? [] : ["sram", "flash"].filter((name) => !element.elements[name].value.trim());

const wrong = (fields, element) =>
  fields.map((field) => [field.name, complaint(field, textsOf(element).get(field.name)?.trim() ?? "")]).filter(([, text]) => text);

/** Whether all that is needed is there, and readable; says what is not. */
function complete(fields, element) {
  const faults = [
    ...missing(element).map((name) => [name, "Needed where no device is named, for example 32KB"]),
    ...wrong(fields, element),
  ];
  for (const [name, text] of faults) markWrong(element, name, text);
  if (faults.length) element.elements[faults[0][0]].focus();
  return faults.length === 0;
}

/** Puts each complaint beside its field; what belongs to none is said above the button. */
function explain(error, element, update, focus) {
  if (!(error instanceof Problem)) return errorNotice(error);
  const { errors, field: name, required_bytes: required } = error.members;
  const faults = errors ?? (name ? [{ field: name, allowed: error.message }] : []);
  const placed = faults.filter((e) => markWrong(element, e.field, e.allowed ?? error.message));
  if (placed.length && focus) element.elements[placed[0].field].focus();
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
