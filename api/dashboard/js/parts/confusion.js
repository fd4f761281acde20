// Which class is taken for which, and the mistakes worth a look.

import { confusionMap } from "../charts/confusion.js";
import { responsive } from "../charts/frame.js";
import { hideTip, showTip } from "../charts/tip.js";
import { h } from "../dom.js";
import { grouped, percent } from "../format.js";

const LARGEST = 24; // classes; above this the matrix is a picture, and those known least are named
const STEPS = 7;
const WEAKEST = 10;

/** `counts[i][j]` images of class i were taken for class j. */
export function confusionTable(confusion) {
  const { classes, counts } = confusion;
  if (classes.length > LARGEST) return [confusionPicture(confusion), weakestClasses(confusion)];
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
    h("table", { class: "confusion" },
      h("caption", {}, "Rows: the true class. Columns: what the int8 network says."),
      h("thead", {}, h("tr", {}, h("td", {}), classes.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, counts.map((row, i) => {
        const all = row.reduce((sum, n) => sum + n, 0);
        return h("tr", {}, h("th", { scope: "row" }, classes[i]), row.map((n, j) => h("td", { class: shade(n, all, i === j) }, n || "")));
      }))));
}

function confusionPicture(confusion) {
  const place = responsive((width) => confusionMap(confusion, width));
  place.node.addEventListener("pointermove", (event) => {
    const picture = place.node.firstChild;
    const box = picture?.getBoundingClientRect();
    const told = box && picture.at(event.clientX - box.left, event.clientY - box.top);
    if (told) showTip(event, told);
    else hideTip();
  });
  place.node.addEventListener("pointerleave", hideTip);
  return h("figure", {}, place.node,
    h("figcaption", {}, "Each row is a class of the test images: on the diagonal what is right, beside it what it is taken for."));
}

/** The classes that are right least often. */
function weakestClasses({ classes, counts }) {
  const all = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const rows = classes.map((name, i) => ({ name, right: counts[i][i], all: all[i] })).filter((row) => row.all);
  rows.sort((a, b) => a.right / a.all - b.right / b.all);
  const words = rows.slice(0, WEAKEST).map(({ name, right, all: images }) => `${name} (${percent(right / images, 0)})`);
  return h("p", { class: "after" }, `Right least often: ${words.join(", ")}.`);
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
