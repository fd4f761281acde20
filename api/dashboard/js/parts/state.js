// How a job stands: its state, its progress, its request in one line.

import { h } from "../dom.js";
import { bytes, count, grouped } from "../format.js";

export const badge = (state) => h("span", { class: `badge ${state}` }, state);

/** A bar for a share of 0 to 1, or nothing where there is none to tell. */
export function meter(progress, label) {
  if (!progress?.total) return null;
  const share = Math.min(1, progress.done / progress.total);
  return h("span", {
    class: "meter", role: "progressbar", "aria-label": label, "aria-valuemin": 0,
    "aria-valuemax": 100, "aria-valuenow": Math.round(share * 100),
  }, h("i", { style: `--done:${share}` }));
}

export const amount = ({ done, total, unit }) => `${counted(done)} of ${counted(total)} ${unit}`;
const counted = (n) => (n >= 1e6 ? count(n) : grouped(n));

/** `32 KB SRAM, 128 KB flash`, as far as the request names them. */
export function budgetText({ sram_bytes: sram, flash_bytes: flash, macs, latency_ms: latency }) {
  const parts = [];
  if (sram) parts.push(`${bytes(sram)} SRAM`);
  if (flash) parts.push(`${bytes(flash)} flash`);
  if (macs) parts.push(`${count(macs)} MACs`);
  if (latency) parts.push(`${latency} ms`);
  return parts.join(", ");
}

export const requestText = (request) =>
  [request.dataset, request.device, budgetText(request), request.input === "rows" && "image by rows",
    request.recipe === "progressive" && "progressive shrinking", request.margin > 0 && `margin ${request.margin}`,
    ...Object.entries(request.training ?? {}).map(([name, value]) => value !== null && `${name.replaceAll("_", " ")} ${value}`),
    request.resolutions && `${request.resolutions.join(", ")} px`]
    .filter(Boolean).join(" · ");
