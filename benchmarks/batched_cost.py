"""Batched costs against the scheduler's own, on 2,000 random architectures of every space.

`python -m benchmarks.batched_cost` draws networks and subspaces, plans each network as a graph -
layer by layer, by one random patch segment, and by streams with the image held and fed - and
compares MACs, recomputed MACs, flash and SRAM with what the tables say.  Layer and patch have to be
equal in everything; streams in all but SRAM, where the tables may say more than the scheduler
needs, never less.  `--write` keeps the table in `benchmarks/results/batched_cost.md`.  Exit code 1
if any of it fails.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinynas.cost import Population, Tables, code_sizes, memory_cost, stream_segments
from tinynas.cost.cheapest import GRIDS
from tinynas.cost.device import PopulationCosts, layer_costs, patch_costs, stream_costs
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, plan_layer, plan_patch, plan_segments
from tinynas.spaces import Architecture, load_space, network_of, skeleton, space_names

RESULT = Path(__file__).parent / "results" / "batched_cost.md"
CORE, CLASSES, CHANNELS = "cortex-m4", 10, 3
MOST_BLOCKS = 9
"""Prefixes and patched parts compared: what lies beyond is never worth it."""
FAMILIES = ("layer", "patch", "stream, image held", "stream, image fed")


@dataclass
class Tally:
    """What one family of schedules came to."""

    compared: int = 0
    equal: int = 0
    most_above: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, found: tuple[int, ...], planned: tuple[int, ...], exact: bool) -> None:
        """SRAM first; the rest must be equal, SRAM equal or, unless `exact`, above."""
        self.compared += 1
        self.equal += found == planned
        if found[1:] != planned[1:] or found[0] < planned[0] or (exact and found != planned):
            self.wrong.append(f"{name}: tables {found}, scheduler {planned}")
        self.most_above = max(self.most_above, found[0] / planned[0] - 1)


def main() -> int:
    """Compare, print, and write if asked; 1 if a figure is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=2000, help="random architectures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"keep the result in {RESULT.name}")
    options = parser.parse_args()
    tallies = {family: Tally() for family in FAMILIES}
    names = space_names()
    share = -(-options.networks // len(names))
    for name in names:
        compare(name, share, options.seed, tallies)
    text = table(tallies, options.networks)
    sys.stdout.write(text)
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)
    wrong = [line for tally in tallies.values() for line in tally.wrong]
    sys.stderr.writelines(f"{line}\n" for line in wrong[:20])
    return int(bool(wrong))


def compare(name: str, networks: int, seed: int, tallies: dict[str, Tally]) -> None:
    """`networks` random architectures of a space, each in a random subspace."""
    space, rng = load_space(name), np.random.default_rng(seed)
    rows, subspaces = space.sample(networks, rng), tuple(space.subspaces())
    batch = Batch(Population(Tables(subspaces, CLASSES, CHANNELS), rows))
    for n, architecture in enumerate(Architecture.of_rows(space, rows)):
        s, grid = int(rng.integers(len(subspaces))), int(rng.integers(len(GRIDS)))
        subspace = subspaces[s]
        graph = skeleton(
            network_of(subspace, architecture, classes=CLASSES, input_channels=CHANNELS)
        )
        ends = [int(end) for end in np.unique(batch.population.block_ends[s, n])]
        blocks = int(rng.integers(1, min(MOST_BLOCKS, len(ends)) + 1))
        label = f"{name} {subspace.width:g} x {subspace.resolution} {architecture.row}"
        for family, schedule in planned(graph, ends, blocks, GRIDS[grid]):
            found = batch.figures(family, blocks, (s, n, grid))
            cost = memory_cost(graph, schedule, CORE)
            figures = (cost.sram_bytes, cost.flash_bytes, graph.macs, schedule.recomputed_macs)
            exact = not family.startswith("stream")
            tallies[family].add(f"{family} {blocks} {label}", found, figures, exact)


def planned(
    graph: Graph, ends: list[int], blocks: int, grid: tuple[int, int]
) -> Iterator[tuple[str, Schedule]]:
    """A schedule of each family; none by patches where the output is too small for the grid."""
    layer, patch, held, fed = FAMILIES
    yield layer, plan_layer(graph)
    with suppress(InvalidInputError):
        yield patch, plan_patch(graph, ends[blocks - 1], grid)
    for family, rows in ((held, False), (fed, True)):
        segments = stream_segments(ends, blocks, len(graph.ops), fed=rows)
        yield family, plan_segments(graph, segments)


class Batch:
    """Tables' figures of a population, each family and prefix computed once for all networks."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self._costs: dict[tuple[str, int], PopulationCosts] = {}

    def figures(self, family: str, blocks: int, at: tuple[int, int, int]) -> tuple[int, ...]:
        """SRAM, flash, MACs, recomputed MACs of (subspace, network, grid)."""
        key = family, 0 if family == "layer" else blocks
        if key not in self._costs:
            self._costs[key] = self._compute(*key)
        costs, place = self._costs[key], at if family == "patch" else at[:2]
        return (
            int(costs.sram[place]),
            int(costs.flash[place]),
            int(self.population.macs[at[:2]]),
            int(costs.recomputed_macs[place]),
        )

    def _compute(self, family: str, blocks: int) -> PopulationCosts:
        sizes = code_sizes(CORE)
        match family:
            case "layer":
                return layer_costs(self.population, sizes)
            case "patch":
                return patch_costs(self.population, sizes, blocks, GRIDS)
            case _:
                return stream_costs(self.population, sizes, blocks, fed=family.endswith("fed"))


def table(tallies: dict[str, Tally], networks: int) -> str:
    """What was compared, as Markdown."""
    lines = [
        "# Batched costs against the scheduler's",
        "",
        f"{networks:,} random architectures in random subspaces of {', '.join(space_names())};",
        "made by `python -m benchmarks.batched_cost --write`. MACs, recomputed MACs and flash have",
        "to be equal everywhere; SRAM too but for streams, where the tables are an upper bound.",
        "",
        "| schedules | compared | equal in all | SRAM above, at most |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {family} | {t.compared:,} | {t.equal:,} | {t.most_above:.1%} |"
        for family, t in tallies.items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
