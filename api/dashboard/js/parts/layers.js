// Every layer with its share of the memory, the work and the instructions.

import { h } from "../dom.js";
import { bytes, count } from "../format.js";

const BARS = [
  ["live", "SRAM in use", bytes], ["flash_bytes", "Flash", bytes], ["macs", "MACs", count], ["instructions", "Instructions", count],
];
// What int8 left of each output, where it was measured: the ratio to what it lost, in decibels.
const noise = (layer) => (Number.isFinite(layer.signal_to_noise_db) ? `${layer.signal_to_noise_db.toFixed(1)} dB` : "");

const shape = (sizes) => (sizes.length > 1 && sizes[0] === 1 ? sizes.slice(1) : sizes).join(" × ");

/** `live[i]` are the bytes of the arena in use while layer i runs. */
export function layerTable(described, live) {
  const layers = described.map((layer, i) => ({ ...layer, live: live[i] }));
  const shown = BARS.filter(([key]) => layers.some((l) => l[key]));
  const noisy = layers.some(noise);
  const built = layers.some((l) => l.kernel);
  const most = Object.fromEntries(shown.map(([key]) => [key, Math.max(...layers.map((l) => l[key] ?? 0), 1)]));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Layers" },
    h("table", { class: "layers" },
      h("thead", {}, h("tr", {},
        ["Layer", "Operator", built && "Kernel", "Output"].filter(Boolean).map((t) => h("th", { scope: "col", class: "text" }, t)),
        shown.map(([, title]) => h("th", { scope: "col" }, title)), noisy && h("th", { scope: "col" }, "Signal to noise"))),
      h("tbody", {}, layers.map((layer) => h("tr", {},
        h("th", { scope: "row", class: "text" }, layer.name), h("td", { class: "text" }, layer.kind),
        built && h("td", { class: "text" }, layer.kernel ?? ""),
        h("td", { class: "text" }, shape(layer.output_shape)),
        shown.map(([key, , text]) => h("td", {
          class: "bar-cell", style: `--share:${(((layer[key] ?? 0) / most[key]) * 100).toFixed(1)}%`,
        }, layer[key] ? text(layer[key]) : "")), noisy && h("td", {}, noise(layer)))))));
}
