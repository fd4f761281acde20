// A command to copy.

import { h } from "../dom.js";

/** A titled block of code with a button that copies it; `set` replaces the text. */
export function codeBlock(title, text) {
  const pre = h("pre", { tabindex: "0", role: "group", "aria-label": title }, h("code", {}, text));
  const button = h("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copied(pre.textContent)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  const node = h("figure", { class: "code" }, h("figcaption", {}, title, button), pre);
  return { node, set: (value) => { pre.firstChild.textContent = value; } };
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no clipboard without HTTPS or permission
  }
}
