// Two candidates side by side: figures with their difference, blocks, memory.

import { memoryMap } from "../charts/memory.js";
import { responsive } from "../charts/frame.js";
import { request } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, count, milliseconds, percent } from "../format.js";
import { reportBlocks } from "../parts/blocks.js";
import { errorNotice } from "../parts/notice.js";
import { scheduleText } from "../parts/schedule.js";
import { crumb, pathOf, planOf, readCandidate, reportOf } from "./candidate.js";

export function comparePage([jobId, one, other], signal) {
  const node = h("div", { class: "page" }, h("p", { class: "note" }, "Loading both candidates…"));
  load(node, jobId, [one, other], signal);
  return { title: `Candidates ${one} and ${other}`, node };
}

async function load(node, jobId, ids, signal) {
  const path = pathOf(jobId);
  try {
    const [job, report, ...pair] = await Promise.all([
      request(path, { signal }), reportOf(path, signal), ...ids.map((id) => readCandidate(path, id, signal)),
    ]);
    fill(node, content(job, report, pair));
  } catch (error) {
    if (!signal.aborted) fill(node, crumb({ id: jobId, name: "the job" }, []), errorNotice(error, () => load(node, jobId, ids, signal)));
  }
}

const points = (difference) => `${difference > 0 ? "+" : difference < 0 ? "−" : ""}${Math.abs(difference * 100).toFixed(2)} points`;
const signed = (text) => (difference) => (difference === 0 ? "equal" : `${difference < 0 ? "−" : "+"}${text(Math.abs(difference))}`);

// [title, value (none is told of some cores), text, text of a difference, whether more is better]
const ROWS = [
  ["Accuracy", (c) => c.accuracy, (v) => percent(v, 2), points, true],
  ["SRAM", (c) => c.sram_bytes, bytes, signed(bytes), false],
  ["Arena in it", (c) => c.plan.memory_parts.arena_bytes, bytes, signed(bytes), false],
  ["Flash", (c) => c.flash_bytes, bytes, signed(bytes), false],
  ["MACs", (c) => c.macs, count, signed(count), false],
  ["Recomputed", (c) => c.recomputed_macs, count, signed(count), false],
  ["Latency, estimated", (c) => c.latency_ms, milliseconds, signed(milliseconds), false],
  ["Blocks", (c) => c.architecture.stages.flat().length, String, signed(String), null],
  ["Operators", (c) => c.plan.layers.length, String, signed(String), null],
];

function content(job, report, [a, b]) {
  const link = (c) => h("a", { href: `#/jobs/${job.id}/candidates/${c.id}` }, `No. ${c.id}`);
  const plans = [a, b].map((c) => planOf(c, report));
  return [
    crumb(job, [`candidates ${a.id} and ${b.id}`]),
    h("div", { class: "head" },
      h("h1", {}, `Candidates ${a.id} and ${b.id}`),
      h("a", { class: "button", href: `#/jobs/${encodeURIComponent(job.id)}/compare/${b.id}/${a.id}` }, "Swap")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures" },
      h("table", { class: "compared" },
        h("caption", { class: "sr" }, "Both candidates and their difference"),
        h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, link(a)), h("th", { scope: "col" }, link(b)), h("th", { scope: "col" }, `${b.id} against ${a.id}`))),
        h("tbody", {}, ROWS.filter(([, value]) => value(a) != null).map((row) => figuresRow(row, a, b))))),
    h("section", {}, h("h2", {}, "Architecture"),
      h("p", { class: "about" }, "Blocks that differ are outlined."),
      [a, b].map((c, i) => h("div", { class: "apart" }, h("h3", {}, link(c)), h("p", { class: "about" }, `Runs ${scheduleText(c.schedule.segments)}.`), reportBlocks(c.plan, [b, a][i].plan)))),
    h("section", {}, h("h2", {}, "Memory over time"),
      h("p", { class: "about" }, "On one scale of bytes."),
      h("div", { class: "duo" }, [a, b].map((c, i) => map(c, plans, i)))),
  ];
}

function figuresRow([title, value, text, difference, moreIsBetter], a, b) {
  const [x, y] = [value(a), value(b)];
  const better = moreIsBetter === null || x === y ? null : (y > x) === moreIsBetter;
  return h("tr", {}, h("th", { scope: "row", class: "text" }, title), h("td", {}, text(x)), h("td", {}, text(y)),
    h("td", { class: better === null ? "" : better ? "good" : "bad-text" }, difference(y - x)));
}

function map(candidate, plans, i) {
  const top = Math.max(...plans.map((p) => p.memory_parts.arena_bytes + p.memory_parts.static_bytes + p.memory_parts.stack_bytes));
  const chart = responsive((width) => memoryMap(plans[i], Math.max(width, 420), top));
  return h("figure", {}, h("h3", {}, `No. ${candidate.id}`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Memory of candidate ${candidate.id} over time` }, chart.node));
}
