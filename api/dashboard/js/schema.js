// The fields of a request, read from the API's own OpenAPI document: what the API takes, the form has.

import { request } from "./api.js";

/**
 * The fields of `POST /jobs`, those of objects flattened: `{name: "effort.evaluations", ...}`; and
 * whether this service estimates how long a job takes.
 */
export async function jobSchema(signal) {
  const document = await request("/openapi.json", { signal });
  const body = document.paths["/api/v1/jobs"].post.requestBody.content["application/json"].schema;
  return { fields: fieldsOf(body, document, ""), estimates: "/api/v1/jobs/estimate" in document.paths };
}

function fieldsOf(schema, document, prefix) {
  const { properties, required = [] } = resolved(schema, document);
  return Object.entries(properties).flatMap(([key, property]) => {
    const known = resolved(property, document);
    if (known.properties) return fieldsOf(known, document, `${prefix}${key}.`);
    const kind = kindOf(known);
    return kind ? [{ ...known, name: prefix + key, kind, required: required.includes(key) }] : [];
  });
}

/** Without `$ref` and without the choice of null, which is what an empty field means. */
function resolved(schema, document) {
  if (schema.$ref) {
    const path = schema.$ref.split("/").slice(1);
    return resolved(path.reduce((node, part) => node[part], document), document);
  }
  const options = schema.anyOf?.filter((option) => option.type !== "null") ?? [];
  if (options.length === 1) return { ...schema, anyOf: undefined, ...resolved(options[0], document) };
  if (options.length > 1) return { ...schema, type: options.some((o) => o.type === "string") ? "string" : options[0].type };
  return schema;
}

/** What a person fills in; null for what no field can hold (a member that has no type). */
function kindOf({ type, enum: options }) {
  if (options) return "choice";
  return { integer: "count", number: "number", boolean: "switch", string: "text" }[type] ?? null;
}

/** `train_images` as `Train images`. */
export const titleOf = ({ name }) => {
  const words = name.split(".").at(-1).replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
};

/** What is wrong with a text by the schema, or null. */
export function complaint(field, text) {
  if (text === "") return null;
  if (field.kind === "count" && !/^-?\d+$/.test(text)) return `A whole number${least(field)}`;
  if (field.kind === "number" && !Number.isFinite(Number(text))) return `A number${least(field)}`;
  if (["count", "number"].includes(field.kind)) {
    if (field.minimum !== undefined && Number(text) < field.minimum) return `At least ${field.minimum}`;
    if (field.exclusiveMinimum !== undefined && Number(text) <= field.exclusiveMinimum) return `More than ${field.exclusiveMinimum}`;
    if (field.maximum !== undefined && Number(text) > field.maximum) return `At most ${field.maximum}`;
  }
  if (field.maxLength && text.length > field.maxLength) return `At most ${field.maxLength} characters`;
  return null;
}

const least = ({ minimum }) => (minimum === undefined ? "" : ` of ${minimum} or more`);

/** The request that filled-in texts stand for; empty ones are left to the service. */
export function bodyOf(fields, texts) {
  const body = {};
  for (const field of fields) {
    const text = texts.get(field.name)?.trim() ?? "";
    if (text === "" || text === String(field.default ?? "")) continue;
    const [outer, inner] = field.name.split(".");
    const value = ["count", "number"].includes(field.kind) ? Number(text) : field.kind === "switch" ? text === "on" : text;
    if (inner) body[outer] = { ...body[outer], [inner]: value };
    else body[outer] = value;
  }
  return body;
}
