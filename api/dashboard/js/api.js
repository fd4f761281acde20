// Talking to the REST API: JSON in and out, problem documents as errors, the key where one is needed.

const ROOT = "/api/v1";
const KEY = "tinynas.key";

/** What the API answered instead of what was asked for (RFC 9457). */
export class Problem extends Error {
  constructor(status, members) {
    super(members.detail ?? members.title ?? `the service answered ${status}`);
    this.status = status;
    this.members = members;
  }
}

/** `lost` and `mended` when the service stops answering and answers again; `key` when it wants one. */
export const connection = new EventTarget();
let lost = false;

export function markConnection(isLost) {
  if (isLost === lost) return;
  lost = isLost;
  connection.dispatchEvent(new Event(lost ? "lost" : "mended"));
}

export const apiKey = () => sessionStorage.getItem(KEY);

export function setApiKey(key) {
  sessionStorage.setItem(KEY, key);
}

export function headersOf(extra) {
  const key = apiKey();
  return key ? { ...extra, Authorization: `Bearer ${key}` } : { ...extra };
}

export const urlOf = (path) => ROOT + path;

/** A response that is ok; throws `Problem` for any other, and the network's error for none. */
export async function respond(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = headersOf(headers);
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(urlOf(path), {
      method,
      headers: sent,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name !== "AbortError") markConnection(true);
    throw error;
  }
  markConnection(false);
  if (response.ok) return response;
  const problem = new Problem(response.status, await membersOf(response));
  if (response.status === 401) connection.dispatchEvent(new Event("key"));
  throw problem;
}

async function membersOf(response) {
  try {
    return await response.json();
  } catch {
    return { title: response.statusText || `HTTP ${response.status}` };
  }
}

/** The JSON that the service answers, or null where it answers nothing. */
export async function request(path, options) {
  const response = await respond(path, options);
  return response.status === 204 ? null : response.json();
}

/** Every item of a list, page after page; `onPage` sees what has come so far. */
export async function listAll(path, { signal, limit, onPage } = {}) {
  const items = [];
  let cursor = null;
  do {
    const query = new URLSearchParams();
    if (limit) query.set("limit", limit);
    if (cursor) query.set("cursor", cursor);
    const text = query.toString();
    const page = await request(text ? `${path}?${text}` : path, { signal });
    items.push(...page.items);
    cursor = page.next_cursor;
    onPage?.(items);
  } while (cursor);
  return items;
}

/** Null instead of the answer where the thing is not there (yet). */
export async function orNull(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}
