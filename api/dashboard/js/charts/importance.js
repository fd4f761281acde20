// Which choices matter: bars of the variance of accuracy that each explains.

import { s } from "../dom.js";
import { percent } from "../format.js";
import { chart, clamp, rect, scale, text } from "./frame.js";

const MOST = 10;
const ROW = 24;
const INK = 5.9; // width of a character of a name, pixels

const groupText = ({ value, mean, count }) => `${value}: ${percent(mean)} (${count})`;

export function importanceBars(found, width) {
  const shown = found.slice(0, MOST);
  const longest = Math.max(...shown.map((one) => one.name.length));
  const left = clamp(longest * INK + 14, 90, width * 0.6);
  const x = scale(0, Math.max(...shown.map((one) => one.share), 0.1), left, width - 46);
  const height = shown.length * ROW + 4;
  const name = `Share of the variance of accuracy explained: ${shown.map((one) => `${one.name} ${percent(one.share, 0)}`).join(", ")}`;
  return chart(width, height, name, "importance", shown.map((one, i) => {
    const y = ROW * i;
    const about = [`${one.name}, mean accuracy by value`, ...one.groups.map(groupText)].join("\n");
    const node = s("g", { class: "choice" },
      text(left - 10, y + 15, one.name, "tick", "end"),
      rect(left, y + 4, x(one.share) - left, 15, "bar p0"),
      text(x(one.share) + 6, y + 15, percent(one.share, 0), "figure"));
    node.about = about;
    return node;
  }));
}
