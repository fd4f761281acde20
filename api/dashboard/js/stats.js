// What the choices of the search space have to do with accuracy; the same rules as the report's.

/** Every choice of an architecture by name: `stage 2 depth`, `stage 2 block 1 kernel`, ... */
export function choicesOf(architecture) {
  const found = new Map();
  if (architecture.resolution) found.set("resolution", architecture.resolution);
  architecture.stages.forEach((blocks, i) => {
    found.set(`stage ${i + 1} depth`, blocks.length);
    blocks.forEach((block, j) => {
      for (const [gene, value] of Object.entries(block)) {
        if (typeof value === "number") found.set(`stage ${i + 1} block ${j + 1} ${gene}`, value);
      }
    });
  });
  return found;
}

/** Mean over all blocks of one of their choices (kernel, expansion, ...). */
export function meanOf(architecture, gene) {
  const blocks = architecture.stages.flat();
  return blocks.reduce((sum, block) => sum + block[gene], 0) / blocks.length;
}

const FEWEST = 16; // candidates below which no share of variance is worth a bar

/**
 * How much of the variance of accuracy each choice explains alone: epsilon squared, the share
 * between groups corrected for their number (Kelley 1935), over the candidates that have the
 * choice.  Highest first; `[{name, share, groups: [{value, mean, count}]}]`.
 */
export function importances(candidates) {
  const groups = new Map(); // choice -> value -> accuracies
  for (const { architecture, accuracy } of candidates) {
    for (const [name, value] of choicesOf(architecture)) {
      if (!groups.has(name)) groups.set(name, new Map());
      const byValue = groups.get(name);
      if (!byValue.has(value)) byValue.set(value, []);
      byValue.get(value).push(accuracy);
    }
  }
  return [...groups]
    .map(([name, byValue]) => ({ name, share: explained([...byValue.values()]), groups: told(byValue) }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const spread = (values, about) => values.reduce((sum, v) => sum + (v - about) ** 2, 0);

function explained(groups) {
  const all = groups.flat();
  if (groups.length < 2 || all.length < Math.max(FEWEST, groups.length + 1)) return 0;
  const within = groups.reduce((sum, values) => sum + spread(values, mean(values)), 0);
  const total = spread(all, mean(all));
  if (total === 0) return 0;
  return 1 - within / (all.length - groups.length) / (total / (all.length - 1));
}

const told = (byValue) =>
  [...byValue].sort(([a], [b]) => a - b).map(([value, found]) => ({ value, mean: mean(found), count: found.length }));
