// What went wrong, and what to do about it.

import { Problem } from "../api.js";
import { h } from "../dom.js";

/** A titled message; `rest` are further elements. */
export const problemNotice = (title, text, ...rest) =>
  h("div", { class: "notice bad", role: "alert" },
    h("h2", {}, title), text && h("p", {}, text), rest);

/** Any error of a request, with a way to try again. */
export function errorNotice(error, retry) {
  const known = error instanceof Problem;
  const gone = known && error.status === 404;
  const title = gone ? "Not found" : known ? error.members.title ?? "Refused" : "The service does not answer";
  const text = known ? error.message : "It may have been stopped, or the network is down.";
  return problemNotice(title, text,
    h("div", { class: "row" },
      retry && !gone && h("button", { type: "button", onclick: retry }, "Try again"),
      gone && h("a", { class: "button", href: "#/jobs" }, "All jobs")));
}
