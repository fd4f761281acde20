// The data set: one that is known, or a zip of class folders dropped here.

import { Problem, apiKey, headersOf, urlOf } from "../api.js";
import { fill, h } from "../dom.js";
import { bytes, grouped, percent } from "../format.js";
import { select } from "../parts/form.js";
import { problemNotice } from "../parts/notice.js";

/** What comes with the project first: it needs no download. */
const ready = (datasets) => [...datasets].sort((a, b) => (b.name === "digits") - (a.name === "digits"));
const datasetText = (d) =>
  `${d.name} · ${d.images ? `${grouped(d.images)} images, ` : ""}${d.classes} classes, ${d.native_resolution} × ${d.native_resolution} pixels`;

export function datasetField(datasets, { signal, onChange }) {
  const choice = select("dataset", "Data set", ready(datasets).map((d) => [d.name, datasetText(d)]));
  const told = h("div", { role: "status" });
  const file = h("input", { type: "file", accept: ".zip,application/zip", id: "zip", class: "sr" });
  const zone = h("div", { class: "drop" },
    file, h("label", { for: "zip", class: "button" }, "Choose a zip"),
    h("span", { class: "note" }, "or drop one here: a folder for each class, images in it"));
  const take = (found) => found && upload(found, { signal, told, choice, onChange });
  file.addEventListener("change", () => { take(file.files[0]); file.value = ""; });
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  return [choice.node, zone, told];
}

/** `My Photos (2).zip` as `my-photos-2`: a name that a data set may have. */
export const nameOf = (file) =>
  file.toLowerCase().replace(/\.zip$/, "").replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+|-+$/g, "").slice(0, 64) || "images";

async function upload(file, { signal, told, choice, onChange }) {
  const bar = h("i", { style: "--done:0" });
  const note = h("span", {}, `Uploading ${file.name}, ${bytes(file.size)}`);
  fill(told, h("p", { class: "note" }, note),
    h("span", { class: "meter", role: "progressbar", "aria-label": `Upload of ${file.name}`, "aria-valuemin": 0, "aria-valuemax": 100 }, bar));
  try {
    const made = await send(file, signal, (share) => {
      bar.style.setProperty("--done", share);
      bar.parentNode.setAttribute("aria-valuenow", Math.round(share * 100));
      note.textContent = share < 1 ? `Uploading ${file.name}, ${percent(share, 0)}` : `Looking at the images of ${file.name}`;
    });
    [...choice.input.options].find((option) => option.value === made.name)?.remove();
    choice.input.append(h("option", { value: made.name }, datasetText(made)));
    choice.input.value = made.name;
    fill(told, h("p", { class: "good" }, `${made.name} is ready: ${datasetText(made).split(" · ")[1]}${made.skipped ? `; ${made.skipped} files were no whole images` : ""}.`));
    onChange();
  } catch (error) {
    if (signal.aborted) return;
    const members = error instanceof Problem ? error.members : {};
    fill(told, problemNotice(members.title ? `${file.name} was not taken` : "The upload failed", error.message));
  }
}

/** The zip as a request body.  XMLHttpRequest, because fetch does not tell how much it has sent. */
function send(file, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", urlOf(`/datasets?name=${encodeURIComponent(nameOf(file.name))}`));
    sending.responseType = "json";
    sending.setRequestHeader("Content-Type", "application/zip");
    if (apiKey()) sending.setRequestHeader("Authorization", headersOf().Authorization);
    sending.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    sending.addEventListener("load", () => {
      if (sending.status < 300) resolve(sending.response);
      else reject(new Problem(sending.status, sending.response ?? {}));
    });
    sending.addEventListener("error", () => reject(new Error("The connection was lost. Drop the file again.")));
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(file);
  });
}
