// The ten steps of a job: what is done, what runs, how long it takes.

import { h } from "../dom.js";
import { duration } from "../format.js";
import { FINAL, STEPS } from "../job-model.js";
import { amount } from "./state.js";

const NAMES = {
  subspace: "Subspace", supernet: "Supernet", search: "Search", finetune: "Fine-tune", quantise: "Quantise",
  schedule: "Schedule", emit: "Emit C", build: "Build", simulate: "Simulate", report: "Report",
};
export const stepName = (step) => NAMES[step] ?? step;

function standing(name, model) {
  const step = model.steps.get(name);
  const { job } = model;
  if (job.state === "failed" && (job.error?.step ?? job.step) === name) return "failed";
  if (step?.finished) return "done";
  if (step?.started && !FINAL.has(job.state) && job.state !== "queued") return "active";
  if (step?.started) return "stopped";
  return "waiting";
}

const WORDS = { failed: "failed", stopped: "stopped", waiting: "" };

function told(name, model, state, now) {
  const step = model.steps.get(name);
  if (state === "done") return step.reused ? "kept" : duration(step.seconds);
  if (state === "active") return duration(Math.max(0, (now - Date.parse(step.started)) / 1000));
  return WORDS[state];
}

export function stepList(model, now = Date.now()) {
  return h("ol", { class: "steps", "aria-label": "Steps" }, STEPS.map((name) => {
    const state = standing(name, model);
    const progress = model.steps.get(name)?.progress;
    const share = state === "active" && progress?.total ? progress.done / progress.total : 0;
    return h("li", { class: `step ${state}`, style: `--done:${share}`, "aria-current": state === "active" ? "step" : null },
      h("b", {}, stepName(name)), h("span", { class: "sr" }, `, ${state}`), h("span", {}, told(name, model, state, now)));
  }));
}

/** What happens right now, in words. */
export function nowText(model, now = Date.now()) {
  const { job } = model;
  if (job.state === "queued") return "Waiting for a worker.";
  if (job.state === "cancelling") return "Stopping; what is finished is kept.";
  if (FINAL.has(job.state)) return "";
  const name = STEPS.find((step) => standing(step, model) === "active");
  if (!name) return "Starting.";
  const step = model.steps.get(name);
  if (!step.progress?.total) return `${stepName(name)} is running.`;
  return `${stepName(name)}: ${amount(step.progress)}${remaining(step, now)}.`;
}

/** A guess from the pace so far, once there is a pace to speak of. */
function remaining({ started, progress }, now) {
  const spent = (Date.parse(progress.time) - Date.parse(started)) / 1000;
  const share = progress.done / progress.total;
  if (spent < 2 || share < 0.03 || share >= 1) return "";
  const left = (spent / share) * (1 - share) - (now - Date.parse(progress.time)) / 1000;
  return left > 1 ? `, about ${duration(left)} left` : "";
}
