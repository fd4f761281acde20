// Stage 1 while one types: the subspace that would be searched, how much fits, how long it may take.

import { responsive } from "../charts/frame.js";
import { heatMap, subspaceText } from "../charts/subspaces.js";
import { tips } from "../charts/tip.js";
import { Problem, request } from "../api.js";
import { fill, h } from "../dom.js";
import { count, duration, percent } from "../format.js";

const PAUSE_MS = 200; // after the last key
const BETWEEN_MS = 600; // the service allows 120 a minute of each kind: who types on never asks too often
const RETRY_MS = 3000;
const DECIDES = ["dataset", "device", "sram", "flash", "space", "schedules", "input", "macs", "latency_ms", "seed", "effort", "supernet"];

/** `ask(body)` shows what stage 1 says of a request; `onProblem(problem | null)` hears of refusals. */
export function previewPanel({ signal, estimates }, onProblem) {
  const body = h("div", { "aria-live": "polite" });
  const node = h("section", { class: "preview", "aria-label": "What stage 1 says" },
    h("h2", {}, "What stage 1 says"), body);
  let timer = 0;
  let sentAt = -BETWEEN_MS;
  let asked = "";
  let before = new AbortController();

  async function send(wanted) {
    before.abort();
    before = new AbortController();
    sentAt = performance.now();
    const either = AbortSignal.any([signal, before.signal]);
    node.setAttribute("aria-busy", "true");
    try {
      const ask = (path) => request(path, { method: "POST", body: wanted, signal: either });
      const told = h("p", { class: "about" });
      fill(body, answer(await ask("/jobs/preview")), told);
      onProblem(null);
      if (estimates) fill(told, timeText(await ask("/jobs/estimate")));
    } catch (error) {
      if (either.aborted) return;
      const passing = !(error instanceof Problem) || error.status === 429 || error.status >= 500;
      fill(body, refusal(error));
      if (passing) timer = setTimeout(() => send(wanted), RETRY_MS);
      else onProblem(error);
    }
    node.setAttribute("aria-busy", "false");
  }

  return {
    node,
    ask(request_, complete) {
      const wanted = Object.fromEntries(Object.entries(request_).filter(([key]) => DECIDES.includes(key)));
      const text = JSON.stringify([wanted, complete]);
      if (text === asked) return;
      asked = text;
      clearTimeout(timer);
      if (!complete) {
        before.abort();
        node.setAttribute("aria-busy", "false");
        fill(body, h("p", { class: "note" }, "Name a device, or how much SRAM and flash there is."));
        return;
      }
      timer = setTimeout(() => send(wanted), Math.max(PAUSE_MS, sentAt + BETWEEN_MS - performance.now()));
    },
  };
}

function answer(table) {
  const { chosen } = table;
  const map = responsive((width) => heatMap(table, width));
  tips(map.node, (target) => {
    const { row } = target.closest(".cell") ?? {};
    return row && subspaceText(row);
  });
  return [
    h("p", { class: "verdict" }, h("b", {}, `Width ${chosen.width} at ${chosen.resolution}\u00a0×\u00a0${chosen.resolution} pixels`)),
    h("p", { class: "about" }, `${percent(chosen.fits, 0)} of its networks fit, with ${count(chosen.mean_macs)} MACs on average.`),
    h("figure", {}, map.node),
  ];
}

const roughly = (seconds) =>
  duration(seconds >= 600 ? 60 * Math.round(seconds / 60) : seconds >= 60 ? 10 * Math.round(seconds / 10) : Math.ceil(seconds));

/** How long the job may take once a worker has taken it. */
function timeText({ seconds, low_seconds: low, high_seconds: high, at_least_seconds: least, measured, reason }) {
  if (Number.isFinite(seconds)) {
    const range = roughly(low) === roughly(high) ? "" : ` (${roughly(low)} to ${roughly(high)})`;
    return `It may take about ${roughly(seconds)}${range}: an estimate by ${measured === 1 ? "one earlier job" : `${measured} earlier jobs`} here.`;
  }
  const most = least > 0 ? `It takes ${roughly(least)} at least. How long in all` : "How long it may take";
  return `${most} is not known: ${reason}.`;
}

function refusal(error) {
  if (error instanceof Problem && error.status === 429) return h("p", { class: "note" }, "Asked too often; trying again in a moment.");
  if (!(error instanceof Problem) || error.status >= 500) return h("p", { class: "bad-text" }, "The service does not answer; trying again.");
  return h("p", { class: "bad-text" }, error.members.required_bytes ? "Nothing fits." : "Not yet: see the form.");
}
