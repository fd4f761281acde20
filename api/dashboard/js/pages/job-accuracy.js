// Accuracy on a finished job's page: float and int8, what is mistaken for what, the worst of it.

import { fill, h } from "../dom.js";
import { grouped, percent } from "../format.js";
import { confusionTable, mistakeGallery, worstConfusions } from "../parts/confusion.js";

export function accuracySection(model) {
  const node = h("section", { id: "accuracy", hidden: true });
  return {
    node,
    name: "Accuracy",
    update(parts) {
      if (!parts.has("artifacts") || !model.report) return;
      node.hidden = false;
      fill(node, content(model.report));
    },
  };
}

function content({ accuracy, confusion, mistakes }) {
  const images = confusion?.counts.flat().reduce((sum, n) => sum + n, 0);
  return [
    h("h2", {}, "Accuracy"),
    h("p", { class: "about" }, `Float ${percent(accuracy.float, 2)}, int8 ${percent(accuracy.int8, 2)}, over ` +
      `${images ? `the ${grouped(images)} images of ` : ""}the test split, which was touched once, at the end.`),
    confusion && h("div", { class: "matrix" },
      h("div", {}, confusionTable(confusion), worstConfusions(confusion)),
      mistakes?.length > 0 && h("div", {}, h("h3", {}, "The worst mistakes"),
        h("p", { class: "about" }, "Those it was surest of. Below each image what the network says, and what it is."),
        mistakeGallery(mistakes))),
  ];
}
