// One candidate: what the search chose, what it costs, how it compares with the budget.

import { budgetBars } from "../charts/budget.js";
import { responsive } from "../charts/frame.js";
import { listAll, orNull, request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, count, percent } from "../format.js";
import { candidateBlocks, reportBlocks } from "../parts/blocks.js";
import { scheduleText } from "../parts/schedule.js";
import { errorNotice, problemNotice } from "../parts/notice.js";

export function candidatePage([jobId, id], signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading the candidate…"));
  load(node, jobId, id, signal);
  return { title: `Candidate ${id}`, node };
}

async function load(node, jobId, id, signal) {
  const path = `/jobs/${encodeURIComponent(jobId)}`;
  try {
    const [job, subspaces, candidate, report] = await Promise.all([
      request(path, { signal }),
      orNull(request(`${path}/subspaces`, { signal })),
      find(path, id, signal),
      reportOf(path, signal),
    ]);
    fill(node, candidate ? content(job, subspaces, candidate, report) : missing(job, id));
  } catch (error) {
    if (!signal.aborted) fill(node, errorNotice(error, () => load(node, jobId, id, signal)));
  }
}

/** The report of a job that has one. */
async function reportOf(path, signal) {
  const { items } = await request(`${path}/artifacts`, { signal });
  return items.some((a) => a.name === "report.json") ? request(`${path}/artifacts/report.json`, { signal }) : null;
}

/** Candidates are numbered in the order of the list, so the one before is the cursor. */
async function find(path, id, signal) {
  const number = Number(id);
  if (!Number.isInteger(number) || number < 0) return null;
  const page = await orNull(request(`${path}/candidates?limit=1&cursor=${number - 1}`, { signal }));
  const [first] = page?.items ?? [];
  if (first?.id === number) return first;
  const all = await listAll(`${path}/candidates`, { signal, limit: 1000 });
  return all.find((c) => c.id === number) ?? null;
}

const crumb = (job, id) =>
  h("p", { class: "crumb" }, h("a", { href: "#/jobs" }, "Jobs"), " / ",
    h("a", { href: `#/jobs/${job.id}` }, job.name), " / ", `candidate ${id}`);

const missing = (job, id) => [crumb(job, id), problemNotice("Not found", `This job has no candidate ${id}.`)];

function content(job, subspaces, candidate, report) {
  const built = report?.chosen === candidate.id;
  return [
    crumb(job, candidate.id),
    h("div", { class: "head" }, h("div", {}, h("h1", {}, `Candidate ${candidate.id}`),
      h("p", { class: "meta" }, standing(candidate, built)))),
    figures(candidate),
    costs(candidate, subspaces, job),
    h("section", {}, h("h2", {}, "Schedule"), h("p", {}, `${sentence(scheduleText(candidate.schedule.segments))}.`)),
    h("section", {}, h("h2", {}, "Architecture"),
      subspaces && h("p", { class: "about" }, `Space ${candidate.architecture.space}, width ${subspaces.chosen.width}, input ${subspaces.chosen.resolution} × ${subspaces.chosen.resolution} pixels.`),
      built ? reportBlocks(report) : candidateBlocks(candidate.architecture)),
    built && h("p", { class: "after" }, h("a", { href: `#/jobs/${job.id}` }, "This one became the result"), ": its memory over time and its layers are there."),
  ];
}

const standing = (candidate, built) =>
  [built && "the one that was taken", candidate.pareto ? "on the front" : "another candidate is at least as good in every respect"]
    .filter(Boolean).join(", ");

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

const figure = (title, value, note) =>
  h("div", {}, h("dt", {}, title), h("dd", {}, value), h("dd", { class: "note" }, note));

const figures = (c) =>
  h("dl", { class: "figures" },
    figure("Accuracy", percent(c.accuracy, 2), "validation split, inherited weights"),
    figure("SRAM", bytes(c.sram_bytes), "predicted"),
    figure("Flash", bytes(c.flash_bytes), "predicted"),
    figure("MACs", count(c.macs), `recomputed ${count(c.recomputed_macs)}`));

function costs(candidate, subspaces, job) {
  const budgets = subspaces?.budget ?? job.request;
  const bars = [["SRAM", "sram_bytes"], ["Flash", "flash_bytes"]].filter(([, key]) => budgets[key]).map(([name, key]) => {
    const place = responsive((width) => budgetBars(name, { budget: budgets[key], predicted: candidate[key] }, [], width));
    return h("figure", {}, place.node, h("figcaption", {}, name));
  });
  return bars.length > 0 && h("section", { class: "pair" }, bars);
}
