// The same job as a person would ask for it elsewhere: with curl, or with the command line.

import { apiKey } from "../api.js";

const quoted = (text) => (/^[\w./:@%+=-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`);

/** `curl` that posts this request body. */
export function curlOf(body) {
  const json = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  const key = apiKey() ? '  -H "Authorization: Bearer $TINYNAS_API_KEY" \\\n' : "";
  return `curl -X POST ${location.origin}/api/v1/jobs \\\n${key}  -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}

const OPTIONS = {
  dataset: "--dataset", device: "--device", sram: "--sram", flash: "--flash", space: "--space",
  schedules: "--schedules", input: "--input", macs: "--macs", latency_ms: "--latency-ms", seed: "--seed", name: "--name", simulator: "--simulator", workers: "--workers", recipe: "--recipe", margin: "--margin", resolutions: "--resolutions", supernet: "--supernet",
  engine: "--engine", objectives: "--objectives",
};
const EFFORT = {
  train_images: "--train-images", evaluations: "--evaluations", finetune_images: "--finetune-images",
  train_minutes: "--train-minutes", finalists: "--finalists",
};

const TRAINING = {
  batch_size: "--batch-size", learning_rate: "--learning-rate", weight_decay: "--weight-decay",
  label_smoothing: "--label-smoothing", warmup: "--warmup", average: "--average",
};

/** `tinynas submit` with the same meaning. */
export function cliOf(body) {
  const parts = [];
  for (const [name, option] of Object.entries(OPTIONS)) {
    if (body[name] !== undefined) parts.push(`${option} ${quoted(body[name])}`);
  }
  for (const [group, options] of [["effort", EFFORT], ["training", TRAINING]]) {
    for (const [name, option] of Object.entries(options)) {
      if (body[group]?.[name] !== undefined) parts.push(`${option} ${body[group][name]}`);
    }
  }
  return ["tinynas submit", ...parts].join(" \\\n  ");
}
