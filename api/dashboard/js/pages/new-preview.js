// Stage 1 while one types: the subspace that would be searched, how much fits, how long it may take.

import { responsive } from "../charts/frame.js";
import { heatMap, subspaceText } from "../charts/subspaces.js";
import { tips } from "../charts/tip.js";
import { Problem, request } from "../api.js";
import { fill, h } from "../dom.js";
import { count, duration, percent } from "../format.js";

const PAUSE_MS = 200; // after the last key
const RETRY_MS = 3000;
const DECIDES = ["dataset", "device", "sram", "flash", "space", "schedules", "macs", "latency_ms", "seed", "effort"];

/** `ask(body)` shows what stage 1 says of a request; `onProblem(problem | null)` hears of refusals. */
export function previewPanel({ signal, estimates }, onProblem) {
  const body = h("div", { "aria-live": "polite" });
  const node = h("section", { class: "preview", "aria-label": "What stage 1 says" },
    h("h2", {}, "What stage 1 says"), body);
  let timer = 0;
  let asked = "";
  let before = new AbortController();

  async function send(wanted) {
    before.abort();
    before = new AbortController();
    const either = AbortSignal.any([signal, before.signal]);
    node.setAttribute("aria-busy", "true");
    try {
      const ask = (path) => request(path, { method: "POST", body: wanted, signal: either });
      const [table, estimate] = await Promise.all([ask("/jobs/preview"), estimates ? ask("/jobs/estimate") : null]);
      fill(body, answer(table, estimate));
      onProblem(null);
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
      timer = setTimeout(() => send(wanted), PAUSE_MS);
    },
  };
}

function answer(table, estimate) {
  const { chosen } = table;
  const map = responsive((width) => heatMap(table, width));
  tips(map.node, (target) => {
    const { row } = target.closest(".cell") ?? {};
    return row && subspaceText(row);
  });
  return [
    h("p", { class: "verdict" }, h("b", {}, `Width ${chosen.width} at ${chosen.resolution} × ${chosen.resolution} pixels`)),
    h("p", { class: "about" }, `${percent(chosen.fits, 0)} of its networks fit, with ${count(chosen.mean_macs)} MACs on average.`),
    h("figure", {}, map.node),
    estimate && h("p", { class: "about" }, Number.isFinite(estimate.seconds)
      ? `It may take about ${duration(estimate.seconds)}, by the pace of earlier jobs here.`
      : "How long it may take is not known: no job like it has run here yet."),
  ];
}

function refusal(error) {
  if (error instanceof Problem && error.status === 429) return h("p", { class: "note" }, "Asked too often; trying again in a moment.");
  if (!(error instanceof Problem) || error.status >= 500) return h("p", { class: "bad-text" }, "The service does not answer; trying again.");
  return h("p", { class: "bad-text" }, error.members.required_bytes ? "Nothing fits." : "Not yet: see the form.");
}
