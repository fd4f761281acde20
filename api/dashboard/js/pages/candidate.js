// One candidate: what the search chose, what it costs, where its memory goes.

import { budgetBars } from "../charts/budget.js";
import { responsive } from "../charts/frame.js";
import { request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, count, milliseconds, percent } from "../format.js";
import { FINAL } from "../job-model.js";
import { anatomy } from "../parts/anatomy.js";
import { errorNotice } from "../parts/notice.js";
import { scheduleText } from "../parts/schedule.js";

export function candidatePage([jobId, id], signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading the candidate…"));
  load(node, jobId, id, signal);
  return { title: `Candidate ${id}`, node };
}

async function load(node, jobId, id, signal) {
  const path = pathOf(jobId);
  try {
    const [job, candidate, report] = await Promise.all([
      request(path, { signal }), readCandidate(path, id, signal), reportOf(path, signal),
    ]);
    fill(node, content(job, candidate, report, signal));
  } catch (error) {
    if (!signal.aborted) fill(node, crumb({ id: jobId, name: "the job" }, [`candidate ${id}`]), errorNotice(error, () => load(node, jobId, id, signal)));
  }
}

export const pathOf = (jobId) => `/jobs/${encodeURIComponent(jobId)}`;
export const readCandidate = (path, id, signal) => request(`${path}/candidates/${encodeURIComponent(id)}`, { signal });

/** The report of a job that has one. */
export async function reportOf(path, signal) {
  const { items } = await request(`${path}/artifacts`, { signal });
  return items.some((a) => a.name === "report.json") ? request(`${path}/artifacts/report.json`, { signal }) : null;
}

/** What a page shows of a candidate: as it was built where it was, as it was planned elsewhere. */
export const planOf = (candidate, report) => (report?.chosen === candidate.id ? report : candidate.plan);

export const crumb = (job, rest) =>
  h("p", { class: "crumb" }, h("a", { href: "#/jobs" }, "Jobs"), " / ",
    h("a", { class: "clipped", title: job.name, href: `#/jobs/${job.id}` }, job.name), rest.flatMap((part) => [" / ", part]));

function content(job, candidate, report, signal) {
  const built = report?.chosen === candidate.id;
  const { width, resolution } = candidate.subspace;
  return [
    crumb(job, [`candidate ${candidate.id}`]),
    h("div", { class: "head" },
      h("div", {}, h("h1", {}, `Candidate ${candidate.id}`), h("p", { class: "meta" }, standing(candidate, built))),
      actions(job, candidate, report, built, signal)),
    figures(candidate),
    costs(candidate),
    h("section", {}, h("h2", {}, "Network"),
      h("p", { class: "about" }, `Space ${candidate.architecture.space}, width ${width}, input ${resolution} × ${resolution} pixels; ${scheduleText(candidate.schedule.segments)}.`),
      anatomy(planOf(candidate, report), { open: true })),
  ];
}

const standing = (candidate, built) =>
  [built && "the one that became the result", candidate.pareto ? "on the front" : "another candidate is at least as good in every respect"]
    .filter(Boolean).join(", ");

/** Compare with another one; make this one the result. */
function actions(job, candidate, report, built, signal) {
  const input = h("input", {
    type: "number", min: 0, id: "other", inputmode: "numeric", required: true,
    value: report && !built ? report.chosen : job.best && job.best.id !== candidate.id ? job.best.id : "",
  });
  const compare = h("form", { class: "inline" },
    h("label", { for: "other" }, "Compare with No."), input, h("button", {}, "Compare"));
  compare.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `#/jobs/${encodeURIComponent(job.id)}/compare/${candidate.id}/${input.value}`;
  });
  return h("div", { class: "row" }, compare, !built && FINAL.has(job.state) && promotion(job, candidate, signal));
}

function promotion(job, candidate, signal) {
  const button = h("button", { type: "button", class: "main" }, "Make this one the result");
  const place = h("div", { class: "promote" }, button,
    h("small", { class: "under" }, "a new job: fine-tunes, emits and validates it"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    place.querySelector(".notice")?.remove();
    try {
      const made = await request(`${pathOf(job.id)}/candidates/${candidate.id}/promote`, { method: "POST", signal });
      location.hash = `#/jobs/${made.id}`;
    } catch (error) {
      button.disabled = false;
      if (!signal.aborted) place.append(errorNotice(error));
    }
  });
  return place;
}

const figure = (title, value, note) =>
  h("div", {}, h("dt", {}, title), h("dd", {}, value), h("dd", { class: "note" }, note));

const figures = (c) =>
  h("dl", { class: "figures" },
    figure("Accuracy", percent(c.accuracy, 2), "validation split, inherited weights"),
    figure("SRAM", bytes(c.sram_bytes), "predicted"),
    figure("Flash", bytes(c.flash_bytes), "predicted"),
    figure("MACs", count(c.macs), `recomputed ${count(c.recomputed_macs)}`),
    c.latency_ms ? figure("Latency", milliseconds(c.latency_ms), "estimated") : null);

function costs({ plan }) {
  const { memory_parts: parts } = plan;
  const sram = [["arena", parts.arena_bytes], ["static data", parts.static_bytes], ["stack", parts.stack_bytes]];
  const flash = [["constants", parts.constant_bytes], ["code", parts.code_bytes]];
  return h("section", { class: "pair" }, [["SRAM", plan.sram_bytes, sram], ["Flash", plan.flash_bytes, flash]].map(([name, bars, pieces]) => {
    const place = responsive((width) => budgetBars(name, bars, pieces, width));
    return h("figure", {}, place.node, h("figcaption", {}, `${name}: ${pieces.map(([piece]) => piece).join(", ")}`));
  }));
}
