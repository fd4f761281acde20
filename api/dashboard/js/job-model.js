// A job as the pages see it: read once, then kept up to date by its events.

import { listNumbered, request } from "./api.js";
import { perFrame } from "./dom.js";
import { follow } from "./stream.js";

export const STEPS = [
  "subspace", "supernet", "search", "finetune", "quantise",
  "schedule", "emit", "build", "simulate", "report",
];
export const FINAL = new Set(["succeeded", "failed", "cancelled"]);
const LOG_LINES = 500;
const PAGE = 1000; // candidates, as many as the service gives at once

export class JobModel {
  /** `onChange(parts)` is called at most once a frame with the set of parts that have changed. */
  constructor(id, onChange) {
    this.id = id;
    this.path = `/jobs/${encodeURIComponent(id)}`;
    this.job = null;
    this.steps = new Map(); // name -> {started, finished, seconds, reused, progress}
    this.metrics = new Map(); // "step name" -> [{at, values}]
    this.candidates = new Map(); // id -> candidate
    this.stale = new Set(); // steps that have started again, and not said anything new yet
    this.subspaces = null;
    this.refusals = null;
    this.artifacts = null;
    this.report = null;
    this.log = [];
    this.changed = new Set();
    this.tell = perFrame(() => {
      const parts = this.changed;
      this.changed = new Set();
      onChange(parts);
    });
  }

  /** Read everything there is, then follow the events until the job ends or `signal` aborts. */
  async run(signal) {
    await this.refresh(signal);
    await Promise.all([this.readResults(signal), this.followEvents(signal)]);
  }

  async refresh(signal) {
    const job = await request(this.path, { signal });
    if (JSON.stringify(job) === JSON.stringify(this.job)) return; // nothing is drawn anew under a click
    this.job = job;
    this.touch("job");
  }

  /** Candidates and files; the table of subspaces comes with the events. */
  async readResults(signal) {
    await Promise.all([this.readArtifacts(signal), this.readCandidates(signal)]);
  }

  async readCandidates(signal) {
    const found = await listNumbered(`${this.path}/candidates`, { signal, limit: PAGE });
    for (const c of found) this.candidates.set(c.id, c); // those told meanwhile stay
    this.touch("candidates");
  }

  async readArtifacts(signal) {
    this.artifacts = (await request(`${this.path}/artifacts`, { signal })).items;
    if (this.artifacts.some((a) => a.name === "report.json")) {
      this.report = await request(`${this.path}/artifacts/report.json`, { signal });
    }
    this.touch("artifacts");
  }

  async followEvents(signal) {
    // Of a job that has ended all candidates are read page by page, which is quicker.
    const rest = FINAL.has(this.job.state) ? "?leave_out=candidate&leave_out=progress" : "";
    await follow(`${this.path}/events${rest}`, {
      signal,
      onEvent: (kind, message) => this.apply(kind, message, signal),
    });
    if (!signal.aborted) await this.refresh(signal);
  }

  touch(...parts) {
    parts.forEach((part) => this.changed.add(part));
    this.tell();
  }

  step(name) {
    if (!this.steps.has(name)) this.steps.set(name, {});
    return this.steps.get(name);
  }

  /** One event; the kinds are those of `tinynas/progress.py` and `state`. */
  apply(kind, { step, time, data }, signal) {
    switch (kind) {
      case "state":
        this.onState(data.state, time, signal);
        break;
      case "step_started":
        this.steps.set(step, { started: time });
        this.stale.add(step);
        this.touch("steps");
        break;
      case "step_finished":
        Object.assign(this.step(step), { finished: time, seconds: data.seconds, reused: data.reused });
        this.touch("steps");
        break;
      case "progress":
        this.step(step).progress = { ...data, time };
        this.touch("steps");
        break;
      case "metric": {
        if (this.stale.delete(step)) this.clearOf(step);
        const key = `${step} ${data.name}`;
        if (!this.metrics.has(key)) this.metrics.set(key, []);
        this.metrics.get(key).push({ at: data.at, values: data.values });
        this.touch("metrics");
        break;
      }
      case "subspaces":
        this.subspaces = data;
        this.touch("subspaces");
        break;
      case "candidate":
        this.addCandidate(data);
        break;
      case "refusals":
        this.refusals = data;
        this.touch("refusals");
        break;
      case "log":
        this.log.push({ step, time, message: data.message });
        if (this.log.length > LOG_LINES) this.log.shift();
        this.touch("log");
        break;
      default:
    }
  }

  /** A step that starts again says everything again, unless what it had made is still there. */
  clearOf(step) {
    for (const key of this.metrics.keys()) if (key.startsWith(`${step} `)) this.metrics.delete(key);
    this.touch("metrics");
  }

  onState(state, time, signal) {
    if (!this.job || Date.parse(time) < Date.parse(this.job.updated) || state === this.job.state) return;
    this.job = { ...this.job, state };
    this.touch("job");
    const ended = FINAL.has(state) ? this.readResults(signal) : Promise.resolve();
    Promise.all([ended, this.refresh(signal)]).catch(() => {}); // the next event tries again
  }

  /** Those that the new one beats leave the front, as they do in the database. */
  addCandidate(candidate) {
    if (FINAL.has(this.job.state)) return; // all of them have been read
    if (candidate.id === 0) this.candidates.clear(); // a search that begins (again)
    if (this.candidates.has(candidate.id)) return;
    this.candidates.set(candidate.id, candidate);
    if (candidate.pareto) {
      for (const other of this.candidates.values()) {
        if (other.pareto && beats(candidate, other)) other.pareto = false;
      }
    }
    this.touch("candidates");
  }

  get best() {
    let best = null;
    for (const c of this.candidates.values()) if (!best || c.accuracy > best.accuracy) best = c;
    return best;
  }
}

const costs = (c) => [c.sram_bytes, c.flash_bytes, c.macs + c.recomputed_macs];

/** Whether `a` is at least as good as `b` in everything and better in something. */
export function beats(a, b) {
  const [x, y] = [costs(a), costs(b)];
  if (a.accuracy < b.accuracy || x.some((v, i) => v > y[i])) return false;
  return a.accuracy > b.accuracy || x.some((v, i) => v < y[i]);
}
