// What a job that waits for a worker waits for: those before it, and what to do if none is at work.

import { request } from "../api.js";
import { fill, h } from "../dom.js";
import { dateTime } from "../format.js";
import { codeBlock } from "./code.js";

const LOOK_MS = 5000;
const MOST = 200; // jobs looked at; as many as the service lists at once

/** Shown while the job is queued; looks again every few seconds. */
export function waitingList(model, signal) {
  const told = h("p", { role: "status" });
  const worker = h("div", { class: "narrow", hidden: true },
    h("p", { class: "note" }, "If it stays so, perhaps no worker is running. One is started by"), codeBlock("Command line", "tinynas worker").node);
  const node = h("div", { class: "queue", hidden: true }, told, worker);
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    if (signal.aborted || model.job.state !== "queued") return;
    timer = setTimeout(look, LOOK_MS);
    try {
      const { items } = await request(`/jobs?state=queued&state=running&limit=${MOST}`, { signal });
      const before = items.filter((job) => job.state === "queued" && job.id < model.job.id).length;
      const running = items.filter((job) => job.state === "running").length;
      fill(told, sentence(model.job, running, before));
      worker.hidden = running > 0 || before > 0;
    } catch {
      // The bar above tells of a lost connection; it is looked again.
    }
  }
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return {
    node,
    update() {
      const begins = node.hidden && model.job.state === "queued";
      node.hidden = model.job.state !== "queued";
      if (begins) look();
    },
  };
}

const jobs = (n, verb) => (n === 1 ? `one job is ${verb}` : `${n} jobs are ${verb}`);

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function sentence(job, running, before) {
  const parts = [running > 0 && jobs(running, "running"), before > 0 && jobs(before, "waiting before this one")].filter(Boolean);
  return [`Asked for on ${dateTime(job.created)}.`, parts.length > 0 && `${capital(parts.join("; "))}.`].filter(Boolean).join(" ");
}
