// Which class is taken for which, and the mistakes worth a look.

import { h } from "../dom.js";
import { grouped, percent } from "../format.js";

const LARGEST = 24; // classes; above this only the worst confusions are listed
const STEPS = 7;

/** `counts[i][j]` images of class i were taken for class j. */
export function confusionTable({ classes, counts }) {
  if (classes.length > LARGEST) return null;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
    h("table", { class: "confusion" },
      h("caption", {}, "Rows: the true class. Columns: what the int8 network says."),
      h("thead", {}, h("tr", {}, h("td", {}), classes.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, counts.map((row, i) => {
        const all = row.reduce((sum, n) => sum + n, 0);
        return h("tr", {}, h("th", { scope: "row" }, classes[i]), row.map((n, j) => h("td", { class: shade(n, all, i === j) }, n || "")));
      }))));
}

function shade(n, all, right) {
  if (!n) return "none";
  return `s${Math.min(STEPS - 1, Math.floor((n / all) * STEPS))}${right ? "" : " wrong"}`;
}

/** The most frequent confusions, in words. */
export function worstConfusions({ classes, counts }, limit = 5) {
  const found = counts.flatMap((row, i) => row.map((images, j) => ({ images, i, j })).filter(({ images, j }) => images && i !== j));
  found.sort((a, b) => b.images - a.images);
  if (found.length === 0) return h("p", {}, "Not one test image was mistaken.");
  const words = found.slice(0, limit).map(({ images, i, j }) => `${classes[i]} for ${classes[j]} (${grouped(images)})`);
  return h("p", {}, `Most often mistaken: ${words.join(", ")}.`);
}

/** Pictures of the mistakes that the network was surest of. */
export const mistakeGallery = (mistakes) =>
  h("ul", { class: "mistakes" }, mistakes.map((m) => h("li", {},
    h("img", { src: m.image, alt: `Test image ${m.index}: a ${m.true}, taken for ${m.taken_for}`, width: "72", height: "72" }),
    h("span", {}, h("b", {}, m.taken_for), ` ${percent(m.confidence, 0)}`),
    h("small", {}, `is ${m.true}, ${percent(m.confidence_in_truth, 0)}`))));
