// One small box that says more about what the pointer is on.

import { h } from "../dom.js";

let box = null;

export function showTip(event, text) {
  box ??= document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true" }));
  box.textContent = text;
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 8);
  const above = event.clientY + 18 + height > innerHeight;
  box.style.left = `${Math.max(8, left)}px`;
  box.style.top = `${above ? event.clientY - height - 12 : event.clientY + 18}px`;
}

export function hideTip() {
  if (box) box.hidden = true;
}

/** A tip over every part of `node` for which `textOf(element)` has one. */
export function tips(node, textOf) {
  node.addEventListener("pointermove", (event) => {
    const found = textOf(event.target);
    if (found) showTip(event, found);
    else hideTip();
  });
  node.addEventListener("pointerleave", hideTip);
}
