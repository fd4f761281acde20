// What the search proposed and did not measure, and why.

import { h } from "../dom.js";
import { bytes, count, grouped, percent } from "../format.js";

const NAMES = { sram: "SRAM", flash: "flash", macs: "MACs", latency: "latency" };
const amountOf = (limit, amount) =>
  limit === "macs" ? count(amount) : limit === "latency" ? `${amount} ms` : bytes(amount);

const excess = (over) =>
  Object.entries(over).map(([limit, amount]) => `${amountOf(limit, amount)} of ${NAMES[limit] ?? limit}`).join(" and ");

/** `kernels 3 5 7 | 5 5`: an architecture in few letters, stage by stage. */
const shortText = ({ stages }) =>
  stages.map((blocks) => blocks.map((b) => `${b.kernel}×${b.kernel} e${b.expansion}`).join(", ")).join(" | ");

/** Bars of what became of the proposals, and the refused that came closest. */
export function refusalsView({ asked, refused, repeated, over, nearest }, measured) {
  const rows = [
    ["measured", measured, "good"],
    ["proposed before", repeated, ""],
    ...Object.entries(over).map(([limit, n]) => [`over ${NAMES[limit] ?? limit}`, n, "bad"]),
  ].filter(([, n]) => n > 0);
  return [
    h("p", { class: "about" }, refused === 0
      ? `Of ${grouped(asked)} proposals none was too large.`
      : `Of ${grouped(asked)} proposals ${grouped(refused)} (${percent(refused / asked, 0)}) were too large and cost no training: the cost model refused them. One may be over several limits.`),
    h("dl", { class: "tally" }, rows.map(([name, n, kind]) => [
      h("dt", {}, name),
      h("dd", { class: kind, style: `--share:${((n / asked) * 100).toFixed(1)}%` }, grouped(n)),
    ])),
    nearest.length > 0 && h("details", {}, h("summary", {}, "The nearest misses"),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Nearest misses" },
        h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "text" }, "Too much by"), h("th", { scope: "col", class: "text" }, "Blocks, stage by stage"))),
          h("tbody", {}, nearest.map((one) => h("tr", {},
            h("th", { scope: "row", class: "text" }, excess(one.over)), h("td", { class: "text mono" }, shortText(one.architecture)))))))),
  ];
}
