// The frame of the application: routes, title, connection, key.
//
// The dashboard is plain modules without a framework, a bundler or a charting library: what is in
// this folder is what the browser runs, so it needs no Node to install, works offline, and can be
// read.  Charts are SVG drawn by hand because the ones that matter here (distributions of
// subspaces, memory over time) are in no library, and the rest take a page of code each.

import { apiKey, connection, setApiKey } from "./api.js";
import { fill, h } from "./dom.js";
import { candidatePage } from "./pages/candidate.js";
import { comparePage } from "./pages/compare.js";
import { jobPage } from "./pages/job.js";
import { jobsPage } from "./pages/jobs.js";
import { newPage } from "./pages/new.js";

// A page is `(parameters, signal) -> {title, node}`; the signal aborts when the page is left.
const ROUTES = [
  [/^#?\/?(?:jobs)?$/, jobsPage],
  [/^#\/new(?:\/from\/([^/]+))?$/, newPage],
  [/^#\/jobs\/([^/]+)$/, jobPage],
  [/^#\/jobs\/([^/]+)\/candidates\/([^/]+)$/, candidatePage],
  [/^#\/jobs\/([^/]+)\/compare\/([^/]+)\/([^/]+)$/, comparePage],
];

const main = document.getElementById("main");
let leave = new AbortController();

function show(first = false) {
  leave.abort();
  leave = new AbortController();
  const hash = location.hash;
  for (const [pattern, page] of ROUTES) {
    const match = pattern.exec(hash);
    if (match) {
      open(page(match.slice(1).map((part) => part && decodeURIComponent(part)), leave.signal), first);
      return;
    }
  }
  open({ title: "Not found", node: notFound(hash) }, first);
}

function open({ title, node }, first) {
  document.title = `${title} · tinynas`;
  fill(main, node);
  for (const link of document.querySelectorAll(".bar nav a")) {
    const here = link.getAttribute("href") === (location.hash || "#/jobs").replace(/\/from\/.*/, "");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (first) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

const notFound = (hash) =>
  h("div", { class: "page" },
    h("h1", {}, "There is no such page"),
    h("p", { class: "meta" }, `Nothing is at ${hash}.`),
    h("p", {}, h("a", { href: "#/jobs" }, "All jobs")));

function askForKey() {
  const input = h("input", { id: "key", type: "password", autocomplete: "off", required: true });
  const form = h("form", { class: "page", style: "max-width:460px" },
    h("h1", {}, "This service needs a key"),
    apiKey() && h("p", { class: "bad-text", role: "alert" }, "The service refuses the key that was given: it may have expired."),
    h("div", { class: "field" },
      h("label", { for: "key" }, "API key"), input,
      h("small", {}, "One made with tinynas keys create, or the value of TINYNAS_API_KEY. It is kept until this tab is closed.")),
    h("div", {}, h("button", { class: "main" }, "Go on")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setApiKey(input.value.trim());
    show();
  });
  leave.abort();
  document.title = "Key · tinynas";
  fill(main, form);
  input.focus();
}

const status = document.getElementById("connection");
connection.addEventListener("lost", () => {
  status.className = "";
  status.textContent = "Connection lost, trying again";
});
connection.addEventListener("mended", () => {
  status.className = "mended";
  status.textContent = "Connected again";
  setTimeout(() => {
    if (status.className === "mended") status.textContent = "";
  }, 3000);
});
connection.addEventListener("key", askForKey);

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address holds the page's route, not a place in it
  main.focus();
});
addEventListener("hashchange", () => show());
show(true);
