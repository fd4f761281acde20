// What is on a long page, in a bar that stays in sight.

import { fill, h } from "../dom.js";

/** `sections`: [{name, node}]; those that are hidden are left out until they are shown. */
export function contentsBar(sections) {
  const list = h("ul", {});
  const node = h("nav", { class: "contents", "aria-label": "On this page", hidden: true }, list);
  let before = "";
  return {
    node,
    update() {
      const shown = sections.filter((section) => !section.node.hidden);
      const now = shown.map((section) => section.name).join();
      if (now === before) return;
      before = now;
      node.hidden = shown.length < 2;
      fill(list, shown.map((section) => h("li", {}, link(section))));
    },
  };
}

/** A link that does not touch the address: that holds the page's route. */
function link({ name, node }) {
  const button = h("button", { type: "button", class: "quiet" }, name);
  button.addEventListener("click", () => {
    node.scrollIntoView({ block: "start" });
    const heading = node.querySelector("h2");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  });
  return button;
}
