// One job, from waiting to result.

import { request } from "../api.js";
import { fill, h } from "../dom.js";
import { dateTime } from "../format.js";
import { FINAL, JobModel } from "../job-model.js";
import { errorNotice, problemNotice } from "../parts/notice.js";
import { badge, requestText } from "../parts/state.js";
import { contentsBar } from "../parts/contents.js";
import { waitingList } from "../parts/waiting.js";
import { nowText, stepList, stepName } from "../parts/steps.js";
import { candidatesSection } from "./job-candidates.js";
import { accuracySection } from "./job-accuracy.js";
import { logSection, networkSection, resultSection, takeAwaySection } from "./job-result.js";
import { subspacesSection } from "./job-subspaces.js";
import { trainingSection } from "./job-training.js";

const TICK_MS = 1000;
const LONG = 60; // letters of a name above which it is set smaller

export function jobPage([id], signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading the job…"));
  start(node, id, signal);
  return { title: "Job", node };
}

/** `start` again after the job was resumed: all is read anew. */
function start(node, id, signal) {
  const own = new AbortController();
  const either = AbortSignal.any([signal, own.signal]);
  let view = null;
  const stop = () => own.abort();
  const restart = () => {
    stop();
    start(node, id, signal);
  };
  const model = new JobModel(id, (parts) => {
    if (either.aborted || !model.job) return;
    view ??= layout(node, model, { stop, restart }, signal);
    view(parts);
  });
  const timer = setInterval(() => view?.(new Set(["time"])), TICK_MS);
  either.addEventListener("abort", () => clearInterval(timer), { once: true });
  model.run(either).catch((error) => {
    if (!either.aborted) fill(node, errorNotice(error, restart));
  });
}

/** Put the page's parts in place (`reading`: `{stop, restart}`, of the job); gives the function that brings them up to date. */
function layout(node, model, reading, signal) {
  const head = h("header", {});
  const another = anotherDevice(model);
  const refusal = h("div", {}); // of an action; outlives the head, which is drawn anew with each news
  const steps = h("div", {});
  const now = h("p", { class: "now note" });
  const spoken = h("p", { class: "sr", role: "status" });
  const trouble = h("div", {});
  const waiting = waitingList(model, signal);
  const sections = [
    resultSection, accuracySection, networkSection, candidatesSection, subspacesSection, trainingSection, takeAwaySection, logSection,
  ].map((section) => section(model));
  const contents = contentsBar(sections);
  fill(node, head, refusal, steps, now, spoken, waiting.node, trouble, contents.node, sections.map((section) => section.node));
  return (parts) => {
    if (parts.has("job")) {
      document.title = `${model.job.name} · tinynas`;
      fill(head, heading(model, another.node, reading, refusal, signal));
      fill(trouble, expiry(model), failure(model));
      waiting.update();
      spoken.textContent = `Job ${model.job.state}`;
    }
    if (parts.has("job") || parts.has("steps") || (parts.has("time") && !FINAL.has(model.job.state))) {
      fill(steps, stepList(model));
      now.textContent = nowText(model);
      now.hidden = now.textContent === "";
    }
    another.update();
    for (const section of sections) section.update(parts);
    contents.update();
  };
}

function heading(model, another, reading, refusal, signal) {
  const { job } = model;
  const { seed, space } = job.request;
  const meta = [requestText(job.request), space && `space ${space}`, `seed ${seed}`].filter(Boolean).join(" · ");
  return [
    h("p", { class: "crumb" }, h("a", { href: "#/jobs" }, "Jobs"), " / ", job.id),
    h("div", { class: "head" },
      h("div", {}, h("h1", { class: job.name.length > LONG ? "long" : null }, job.name), h("p", { class: "meta" }, badge(job.state), meta, origin(job))),
      h("div", { class: "row" }, another, actions(model, reading, refusal, signal))),
  ];
}

/** The way to a search of this job's supernet for another device, once there is such a supernet. */
function anotherDevice(model) {
  const node = h("a", { id: "another", class: "button", hidden: true, href: `#/new/from/${encodeURIComponent(model.id)}` }, "Another device");
  const left = () => model.artifacts?.some((a) => a.name === "supernet.safetensors");
  return {
    node,
    update() {
      const { state, expired, request: { supernet } } = model.job;
      node.hidden = state !== "succeeded" || Boolean(expired) || !(supernet || left());
    },
  };
}

/** Of a job that makes a candidate of another one the result, or searches its supernet: which. */
function origin({ parent_id: parent, request: { candidate } }) {
  if (!parent) return null;
  const place = `#/jobs/${encodeURIComponent(parent)}`;
  return candidate === null || candidate === undefined
    ? [" · from the supernet of ", h("a", { href: place }, "another job")]
    : [" · ", h("a", { href: `${place}/candidates/${candidate}` }, `candidate ${candidate}`), " of ", h("a", { href: place }, "another job")];
}

function actions(model, reading, refusal, signal) {
  const { job, path } = model;
  const act = (id, title, work, kind) => {
    const button = h("button", { type: "button", id, class: kind }, title);
    button.addEventListener("click", async () => {
      button.disabled = true;
      fill(refusal);
      try {
        if ((await work()) === false) button.disabled = false;
      } catch (error) {
        button.disabled = false;
        if (!signal.aborted) fill(refusal, errorNotice(error));
      }
    });
    return button;
  };
  const change = (verb) => async () => {
    await request(`${path}/${verb}`, { method: "POST", signal });
    if (verb === "resume") reading.restart();
    else await model.refresh(signal);
  };
  const remove = async () => {
    if (!confirm(`Delete “${job.name}” and its files?`)) return false;
    reading.stop(); // what is on its way of this job would not be found any more
    await request(path, { method: "DELETE", signal });
    location.hash = "#/jobs";
    return true;
  };
  return [
    ["queued", "running"].includes(job.state) && act("cancel", "Cancel", change("cancel")),
    ["failed", "cancelled"].includes(job.state) && act("resume", "Resume", change("resume"), "main"),
    FINAL.has(job.state) && act("delete", "Delete", remove, "quiet"),
  ];
}

const expiry = ({ job: { expired } }) =>
  expired && h("p", { class: "note" }, `The files of this job were deleted for their age on ${dateTime(expired)}; what is written down about it stays.`);

const HIDDEN = new Set(["step", "message", "remedy", "log"]);

function failure({ job }) {
  if (job.state !== "failed" || !job.error) return null;
  const { step, message, remedy, log } = job.error;
  const rest = Object.entries(job.error).filter(([key, value]) => !HIDDEN.has(key) && value !== null);
  return problemNotice(step ? `Failed at ${stepName(step)}` : "Failed", message,
    rest.length > 0 && h("dl", {}, rest.map(([key, value]) => [
      h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value)),
    ])),
    remedy && h("p", {}, h("b", {}, "What to do: "), remedy),
    log && h("details", {}, h("summary", {}, "Its log"), h("pre", { class: "log", tabindex: "0", role: "group", "aria-label": "Log of the failure" }, log)));
}
