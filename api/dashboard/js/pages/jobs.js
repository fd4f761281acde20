// All jobs, newest first, kept up to date.

import { request } from "../api.js";
import { fill, h } from "../dom.js";
import { age, dateTime, duration, percent } from "../format.js";
import { FINAL } from "../job-model.js";
import { codeBlock } from "../parts/code.js";
import { cliOf, curlOf } from "../parts/commands.js";
import { errorNotice } from "../parts/notice.js";
import { stepName } from "../parts/steps.js";
import { amount, badge, meter, requestText } from "../parts/state.js";

const BUSY_MS = 2000;
const IDLE_MS = 8000;
const PAGE = 50;
const EXAMPLE = { dataset: "digits", device: "stm32f411xe", sram: "32KB", flash: "128KB" };
const SEEK_MS = 250; // after the last key
const STATES = { active: ["queued", "running", "cancelling"] };
const GROUPS = {
  all: () => true,
  active: (job) => !FINAL.has(job.state),
  succeeded: (job) => job.state === "succeeded",
  failed: (job) => job.state === "failed",
  cancelled: (job) => job.state === "cancelled",
};

export function jobsPage(_, signal) {
  const list = h("div", {});
  const view = { jobs: null, sought: [], more: null, text: "", group: "all" };
  const draw = () => fill(list, content(view, older));
  const filters = filterBar(view, () => { draw(); seek(); });
  const start = h("a", { class: "button main", href: "#/new", hidden: true }, "New job");
  let timer = 0;

  /** Ask the service for what may match among the jobs that have not been read. */
  function seek() {
    clearTimeout(timer);
    view.sought = [];
    if (!view.more || (!view.text && view.group === "all")) return;
    timer = setTimeout(async () => {
      const query = new URLSearchParams({ limit: PAGE });
      if (view.text) query.set("q", view.text);
      if (view.group !== "all") for (const state of STATES[view.group] ?? [view.group]) query.append("state", state);
      try {
        view.sought = (await request(`/jobs?${query}`, { signal })).items;
        draw();
      } catch {
        // What has been read is filtered all the same; the bar above tells of a lost connection.
      }
    }, SEEK_MS);
  }

  async function older() {
    const page = await request(`/jobs?limit=${PAGE}&cursor=${view.more}`, { signal });
    view.jobs = merged(view.jobs, page.items);
    view.more = page.next_cursor;
    draw();
  }

  async function refresh() {
    if (signal.aborted) return;
    let wait = IDLE_MS;
    try {
      const page = await request(`/jobs?limit=${PAGE}`, { signal });
      const first = view.jobs === null;
      view.jobs = keepOlder(page, view);
      if (first || !page.next_cursor) view.more = page.next_cursor;
      filters.hidden = view.jobs.length === 0;
      start.hidden = filters.hidden; // the empty page has its own
      if (view.jobs.some(GROUPS.active)) wait = BUSY_MS;
      draw();
    } catch (error) {
      if (signal.aborted) return;
      if (view.jobs === null) fill(list, errorNotice(error));
    }
    setTimeout(refresh, document.hidden ? IDLE_MS * 4 : wait);
  }

  refresh();
  const node = h("div", { class: "page" },
    h("div", { class: "head level" }, h("h1", {}, "Jobs"), start),
    filters, list);
  return { title: "Jobs", node };
}

/** The newest page, and the older jobs that were read before. */
function keepOlder(page, view) {
  if (!view.jobs || !page.next_cursor) return page.items;
  const oldest = page.items.at(-1).id;
  return [...page.items, ...view.jobs.filter((job) => job.id < oldest)];
}

const merged = (jobs, items) => {
  const known = new Set(jobs.map((job) => job.id));
  return [...jobs, ...items.filter((job) => !known.has(job.id))];
};

function filterBar(view, draw) {
  const text = h("input", {
    type: "search", placeholder: "Search by name, data set or device", "aria-label": "Search jobs",
    oninput: (event) => { view.text = event.target.value.toLowerCase(); draw(); },
  });
  const group = h("select", {
    "aria-label": "State", onchange: (event) => { view.group = event.target.value; draw(); },
  }, Object.keys(GROUPS).map((name) => h("option", { value: name }, name === "all" ? "All states" : `${name[0].toUpperCase()}${name.slice(1)}`)));
  return h("div", { class: "filters", hidden: true }, text, group);
}

function content(view, older) {
  if (view.jobs.length === 0) return emptyState();
  const shown = merged(view.jobs, view.sought).filter(
    (job) => GROUPS[view.group](job) && `${job.name} ${requestText(job.request)}`.toLowerCase().includes(view.text));
  return [
    shown.length
      ? h("ul", { class: "jobs" }, shown.map((job) => h("li", {}, jobRow(job))))
      : h("p", { class: "note" }, "No job matches."),
    view.more && h("div", { class: "pager" }, h("button", { type: "button", id: "older", onclick: older }, "Older jobs")),
  ];
}

function jobRow(job) {
  return h("a", { class: "job", id: `job-${job.id}`, href: `#/jobs/${job.id}` },
    h("span", {}, h("b", { title: job.name }, job.name), h("small", {}, requestText(job.request))),
    h("span", { class: "how" }, standing(job)),
    h("span", { class: "best" }, accuracyOf(job)),
    h("time", { class: "age", datetime: job.created, title: dateTime(job.created) }, age(job.created)));
}

function standing(job) {
  const running = job.state === "running" || job.state === "cancelling";
  const told = running && job.progress?.total ? `${stepName(job.step)}, ${amount(job.progress)}` : sideNote(job);
  return [
    h("span", { class: "note" }, badge(job.state), h("span", {}, told)),
    running && meter(job.progress, `${job.name}: ${job.step ?? ""}`),
  ];
}

function sideNote(job) {
  if (job.state === "failed") return job.error?.step ? `at ${stepName(job.error.step)}` : "";
  if (job.started && job.finished) return duration((Date.parse(job.finished) - Date.parse(job.started)) / 1000);
  return job.step && !FINAL.has(job.state) ? stepName(job.step) : "";
}

function accuracyOf(job) {
  if (job.result) return [percent(job.result.accuracy.int8), h("small", {}, "int8")];
  if (job.best) return [percent(job.best.accuracy), h("small", {}, FINAL.has(job.state) ? "best found" : "so far")];
  return h("small", {}, "no result yet");
}

const emptyState = () =>
  h("div", { class: "empty" },
    h("p", {}, "No job yet. A job takes a data set and a microcontroller, and gives back the most accurate network " +
      "that fits, as C that has already run on that microcontroller (simulated)."),
    h("div", { class: "row" }, h("a", { class: "button main", href: "#/new" }, "Start with the form")),
    h("p", { class: "note" }, "Or from a terminal; the digits come with the project and take some minutes."),
    codeBlock("Command line", cliOf(EXAMPLE)).node,
    codeBlock("curl", curlOf(EXAMPLE)).node);

