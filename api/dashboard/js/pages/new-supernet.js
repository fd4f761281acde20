// A form for another device: what it takes over from the job that has trained the supernet.

import { h } from "../dom.js";

/** By field; what the first job has itself started from leads on to where it was trained. */
export const startOf = ({ id, request: { dataset, seed, supernet } }) => ({ dataset, seed: seed || "", supernet: supernet ?? id });

/** The field of the supernet with where it is from, and a button that lets it go. */
export function supernetField(node, first) {
  const drop = h("button", { type: "button" }, "Train one instead");
  const origin = h("div", { class: "row" },
    h("small", {}, "From ", h("a", { href: `#/jobs/${encodeURIComponent(first.id)}` }, first.name)), drop);
  drop.addEventListener("click", () => {
    const input = node.querySelector("input");
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    origin.remove();
    input.focus();
  });
  node.append(origin);
  return node;
}
