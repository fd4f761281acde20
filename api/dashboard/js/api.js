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

const AT_ONCE = 4; // pages of a long list; browsers open six connections to one host

/**
 * Every item of a list whose cursor is a number that rises from item to item.
 *
 * A page of `limit` items after the number c reaches c + limit at least, so that the pages after c,
 * c + limit, c + 2 limit... leave nothing out, and none has to wait for the one before. Where numbers
 * are missing, pages overlap: the caller drops what comes twice.
 */
export async function listNumbered(path, { signal, limit }) {
  const pages = [];
  let ended = false;
  const read = async (number) => {
    const page = await request(`${path}?limit=${limit}&cursor=${number * limit - 1}`, { signal });
    pages[number] = page.items;
    ended ||= page.next_cursor === null;
  };
  await read(0);
  let next = 1;
  const readOn = async () => { while (!ended) await read(next++); };
  await Promise.all(Array.from({ length: AT_ONCE }, readOn));
  return pages.flat();
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
