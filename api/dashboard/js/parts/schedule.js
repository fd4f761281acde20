// A schedule in words.

const MANNERS = {
  layer: () => "layer by layer",
  patch: ({ grid }) => `in ${grid[0]} × ${grid[1]} patches`,
  stream: ({ fed }) => (fed ? "row by row as the rows come in" : "row by row"),
};
const manner = (segment) => (MANNERS[segment.kind] ?? (() => segment.kind))(segment);

/** What a stretch of ops is called in a picture, by its segment; empty where nothing is special. */
export function segmentName({ kind, grid, fed }) {
  if (kind === "layer") return "";
  if (kind === "patch") return `${grid[0]} × ${grid[1]} patches`;
  return kind === "stream" && fed ? "rows as they come in" : manner({ kind });
}

/** What the buffers of a stream hold; empty where nothing runs row by row. */
export function streamText(segments) {
  const streams = segments.filter(({ kind }) => kind === "stream");
  if (streams.length === 0) return "";
  const chunk = Math.max(...streams.map((one) => one.chunk ?? 0));
  const handed = chunk ? `; what need not be kept is handed on ${chunk} columns at a time` : "";
  return ` Where it runs row by row, a buffer holds the rows that are still needed${handed}.`;
}

/** `the first 5 ops in 2 × 2 patches, then 30 layer by layer`; segments of a manner together. */
export function scheduleText(segments) {
  if (segments.length === 1 && segments[0].kind === "layer") return "layer by layer";
  const [first, ...rest] = runsOf(segments, manner).map((run, i) => `${run.sizes.join(" + ")}${i ? "" : " ops"} ${run.manner}`);
  return [`the first ${first}`, ...rest].join(", then ");
}

const SHORT = { layer: () => "by layer", patch: MANNERS.patch, stream: () => "by row" };

/** `5 in 2 × 2 patches, 30 by layer`: the same for a column of a table. */
export function shortSchedule(segments) {
  if (segments.length === 1 && segments[0].kind === "layer") return "layer by layer";
  return runsOf(segments, (one) => (SHORT[one.kind] ?? manner)(one)).map((run) => `${run.sizes.join(" + ")} ${run.manner}`).join(", ");
}

/** Segments that follow each other in one manner, with the ops of each. */
function runsOf(segments, mannerOf) {
  const runs = [];
  for (const one of segments) {
    const size = one.last - one.first;
    if (runs.at(-1)?.manner === mannerOf(one)) runs.at(-1).sizes.push(size);
    else runs.push({ manner: mannerOf(one), sizes: [size] });
  }
  return runs;
}
