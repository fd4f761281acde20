// Every layer with its share of the work, the flash and the instructions.

import { h } from "../dom.js";
import { bytes, count } from "../format.js";

const BARS = [["macs", "MACs", count], ["flash_bytes", "Flash", bytes], ["instructions", "Instructions", count]];

const shape = (sizes) => (sizes.length > 1 && sizes[0] === 1 ? sizes.slice(1) : sizes).join(" × ");

export function layerTable(layers) {
  const most = Object.fromEntries(BARS.map(([key]) => [key, Math.max(...layers.map((l) => l[key] ?? 0), 1)]));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Layers" },
    h("table", { class: "layers" },
      h("thead", {}, h("tr", {},
        ["Layer", "Operator", "Output"].map((t) => h("th", { scope: "col", class: "text" }, t)),
        BARS.map(([, title]) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, layers.map((layer) => h("tr", {},
        h("th", { scope: "row", class: "text" }, layer.name), h("td", { class: "text" }, layer.kind),
        h("td", { class: "text" }, shape(layer.output_shape)),
        BARS.map(([key, , text]) => h("td", {
          class: "bar-cell", style: `--share:${(((layer[key] ?? 0) / most[key]) * 100).toFixed(1)}%`,
        }, layer[key] ? text(layer[key]) : "")))))));
}
