// Server-sent events over fetch: unlike EventSource it can send the key, and resumes after any
// failure (a proxy's 502, a restarted service, a line that went silent) at the event it last saw.

import { Problem, markConnection, respond } from "./api.js";

const SILENCE_MS = 45_000; // the service sends a comment every 15 s
const DELAYS_MS = [300, 1000, 2000, 5000, 10_000];

/** Cut a text stream into events; `push` takes text, `onEvent` gets `{id, event, data}`. */
export function parser(onEvent) {
  let rest = "";
  let current = { data: [] };
  const line = (text) => {
    if (text === "") {
      if (current.data.length) onEvent({ ...current, data: current.data.join("\n") });
      current = { data: [] };
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (name === "data") current.data.push(value);
    else if (name === "id" || name === "event") current[name] = value;
  };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    lines.forEach(line);
  };
}

/** Follow a stream until it has ended (204) or `signal` aborts.  `onEvent(kind, data)`. */
export async function follow(path, { signal, onEvent, onCaughtUp }) {
  let last = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const before = last;
      const ended = await once(path, last, signal, (message) => {
        failures = 0;
        if (message.id) last = Number(message.id);
        onEvent(message.event ?? "message", JSON.parse(message.data));
      });
      if (ended) {
        onCaughtUp?.();
        return;
      }
      if (last === before) failures += 1;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500) throw error;
      failures += 1;
      markConnection(true);
    }
    await pause(DELAYS_MS[Math.min(failures, DELAYS_MS.length - 1)], signal);
  }
}

/** Read one connection to its end; whether the service says that there is nothing more. */
async function once(path, last, signal, onMessage) {
  const quiet = new AbortController();
  const either = AbortSignal.any([signal, quiet.signal]);
  let timer = setTimeout(() => quiet.abort(), SILENCE_MS);
  try {
    const headers = { Accept: "text/event-stream" };
    if (last) headers["Last-Event-ID"] = String(last);
    const response = await respond(path, { headers, signal: either });
    if (response.status === 204) return true;
    const push = parser(onMessage);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), SILENCE_MS);
      push(value);
    }
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
