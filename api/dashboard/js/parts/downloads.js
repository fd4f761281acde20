// The files of a job, with what proves that they came whole.

import { apiKey, respond, urlOf } from "../api.js";
import { h } from "../dom.js";
import { bytes } from "../format.js";

const ABOUT = {
  "bundle.zip": "C project: builds with make, anywhere",
  "model.tflite": "int8 network for LiteRT",
  "model.pt": "float weights for PyTorch",
  "model.onnx": "float network for ONNX",
  "supernet.safetensors": "what searches for other devices start from",
  "report.html": "the whole report on one page",
  "report.json": "the report's data",
  "report.md": "the report's tables",
  "result.json": "the summary, as the command line prints it",
  "layers.svg": "bytes and work of each layer, as a picture",
  "subspaces.svg": "the picture of stage 1",
  "log.txt": "what the job said",
  "simulator.txt": "what the simulator said",
};
const SEEN = new Set(["report.html", "log.txt", "simulator.txt"]);

export const downloadList = (path, artifacts) =>
  h("ul", { class: "downloads" }, artifacts.map((a) => h("li", {},
    h("span", {}, artifactLink(path, a), ABOUT[a.name] && h("small", {}, ` ${ABOUT[a.name]}`)),
    h("span", { class: "note" }, bytes(a.bytes)),
    h("span", { class: "mono" }, `sha256 ${a.sha256}`))));

function artifactLink(path, { name }) {
  const place = `${path}/artifacts/${encodeURIComponent(name)}`;
  const opens = SEEN.has(name) && !apiKey();
  const link = h("a", opens ? { href: urlOf(place), target: "_blank", rel: "noopener" } : { href: urlOf(place), download: name }, name);
  // A link cannot carry the key, so with one the file is fetched and then handed to the browser.
  if (apiKey()) link.addEventListener("click", (event) => {
    event.preventDefault();
    save(place, name);
  });
  return link;
}

async function save(place, name) {
  const response = await respond(place);
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
