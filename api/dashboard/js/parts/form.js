// Form fields with their label, hint and complaint tied together.

import { h } from "../dom.js";

const idOf = (name) => `f-${name.replace(".", "-")}`;

/** A text field; `kind: "count"` takes whole numbers, `"number"` any. */
export function field(name, label, { kind = "text", placeholder = "", hint } = {}) {
  const id = idOf(name);
  const input = h("input", {
    id, name, placeholder, autocomplete: "off", spellcheck: "false",
    inputmode: { count: "numeric", number: "decimal" }[kind],
    "aria-describedby": `${id}-about`,
  });
  const about = h("div", { id: `${id}-about` }, hint && h("small", {}, hint));
  return { input, node: h("div", { class: "field" }, h("label", { for: id }, label), input, about) };
}

/** A choice out of many; `notes` says more about the chosen one. */
export function select(name, label, options, notes = {}) {
  const id = idOf(name);
  const note = h("small", {});
  const input = h("select", {
    id, name, "aria-describedby": `${id}-about`,
    onchange: () => { note.textContent = notes[input.value] ?? ""; },
  }, options.map(([value, text]) => h("option", { value }, text)));
  const about = h("div", { id: `${id}-about` }, note);
  return { input, node: h("div", { class: "field" }, h("label", { for: id }, label), input, about) };
}

/** A choice out of few, all of them in sight; the first is chosen. */
export function choices(name, label, options) {
  const inputs = options.map(([value], i) => h("input", { type: "radio", name, value, checked: i === 0 }));
  const node = h("div", { class: "choices", role: "radiogroup", "aria-label": label },
    options.map(([, text], i) => h("label", {}, inputs[i], text)));
  return { node, value: () => inputs.find((input) => input.checked).value };
}

export const disclosure = (title, text, ...content) =>
  h("details", {}, h("summary", {}, title), text && h("p", { class: "note" }, text), content);

/** Say what is wrong with a field, or (null) that nothing is; whether there is such a field. */
export function markWrong(form, name, message) {
  const input = form.elements[name];
  const about = document.getElementById(`${idOf(name)}-about`);
  if (!input || !about) return false;
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  about.querySelector(".wrong")?.remove();
  if (message) about.append(h("p", { class: "wrong" }, message));
  if (message) input.closest("details")?.setAttribute("open", "");
  return true;
}
