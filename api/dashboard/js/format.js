// Numbers as people read them; the same rules as the report's.

const THIN = "\u202f"; // narrow no-break space, between a number and its unit
const LARGE = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** Bytes as `24.1 KB` (1 KB = 1,024 bytes). */
export function bytes(size) {
  if (Math.abs(size) < 1024) return `${Math.round(size)}${THIN}B`;
  const value = size / 1024;
  const digits = Math.abs(value) >= 1000 || Number.isInteger(value) ? 0 : 1;
  return `${grouped(value, digits)}${THIN}KB`;
}

export function grouped(value, digits = 0) {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `1.23 M`: three significant figures of a large number. */
export function count(value) {
  for (const [limit, unit] of LARGE) {
    if (Math.abs(value) >= limit) {
      const scaled = value / limit;
      return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)}${THIN}${unit}`;
    }
  }
  return String(Math.round(value));
}

/** `5 M`: a round number at an axis. */
export function roundCount(value) {
  for (const [limit, unit] of LARGE) {
    if (Math.abs(value) >= limit) return `${+(value / limit).toPrecision(6)}${THIN}${unit}`;
  }
  return String(+value.toPrecision(6));
}

export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)}%`;

/** `6.4 ms`, `128 ms`. */
export const milliseconds = (value) => `${value < 100 ? +value.toPrecision(2) : Math.round(value)}${THIN}ms`;

/** Signed percentage of what was predicted. */
export function difference(measured, predicted) {
  if (!predicted || measured === predicted) return "equal";
  const off = ((measured - predicted) / predicted) * 100;
  return `${off < 0 ? "−" : "+"}${Math.abs(off).toFixed(1)}%`;
}

/** Seconds as `0.4 s`, `38 s`, `2 min 5 s`, `3 h 12 min`. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)}${THIN}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${THIN}s`;
  if (whole < 3600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  return joined(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
}

const joined = (large, unit, small, smallUnit) =>
  `${large}${THIN}${unit}${small ? ` ${small}${THIN}${smallUnit}` : ""}`;

/** How long ago, in one unit. */
export function age(time, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"]];
  for (const [size, name] of units) {
    const n = Math.floor(seconds / size);
    if (n >= 1) return `${n} ${name}${n > 1 ? "s" : ""} ago`;
  }
  return "just now";
}

const RULES = {
  "mean-of-all": "The largest mean wins, networks that do not fit counting as no work at all.",
  published: "The largest mean of those that fit wins (the published rule, to the letter).",
};

/** The rule of stage 1 in words. */
export const ruleText = (rule) => RULES[rule] ?? rule;

export const dateTime = (time) =>
  new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
