// A schedule in words.

const MANNERS = {
  layer: () => "layer by layer",
  patch: ({ grid }) => `in ${grid[0]} × ${grid[1]} patches`,
  stream: () => "row by row",
};
const manner = (segment) => (MANNERS[segment.kind] ?? (() => segment.kind))(segment);

/** What a stretch of ops is called in a picture, by its segment; empty where nothing is special. */
export function segmentName({ kind, grid }) {
  if (kind === "layer") return "";
  return kind === "patch" ? `${grid[0]} × ${grid[1]} patches` : MANNERS[kind]?.({ grid }) ?? kind;
}

/** `the first 5 ops in 2 × 2 patches, then 30 layer by layer`. */
export function scheduleText([first, ...rest]) {
  if (rest.length === 0 && first.kind === "layer") return "layer by layer";
  const size = ({ first: from, last: to }) => to - from;
  const others = rest.map((one) => `, then ${size(one)} ${manner(one)}`);
  return `the first ${size(first)} ops ${manner(first)}${others.join("")}`;
}
