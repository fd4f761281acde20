"""The cheapest schedule of every network of a population under a budget, without planning any."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.code import CodeSizes
from tinynas.cost.device import PopulationCosts, layer_costs, patch_costs, stream_costs
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.devices import Budget
from tinynas.errors import InvalidInputError
from tinynas.schedule import MAX_GRID, Segment, SegmentKind, check_kinds
from tinynas.schedule.stream import MIN_CHUNK

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FAMILIES = ("layer", "stream", "patch")

GRIDS: tuple[Grid, ...] = tuple(
    (rows, columns)
    for rows in range(1, MAX_GRID + 1)
    for columns in range(1, MAX_GRID + 1)
    if rows * columns > 1
)
"""All that the planner considers."""


def families_of(kinds: str, *, fed: bool = False) -> tuple[str, ...]:
    """The families that `kinds` means; streams alone where the image is fed row by row.

    Raises:
        InvalidInputError: it is none of `tinynas.schedule.KINDS`, or needs the whole image.
    """
    check_kinds(kinds)
    if fed:
        if kinds not in ("all", "stream"):
            raise InvalidInputError(
                f"an image that comes by rows is streamed; schedules is {kinds!r}",
                field="schedules",
                given=kinds,
                allowed=["all", "stream"],
            )
        return ("stream",)
    return FAMILIES if kinds == "all" else (kinds,)


@dataclass(frozen=True)
class Cheapest:
    """For each of N networks the schedule that recomputes least of those that fit the memory.

    Where none fits it is the one that exceeds the budget by the fewest bytes.  `blocks`: how many
    of the first blocks are patched or streamed together (0: all runs layer by layer); grids: rows
    and columns of the patches [N, 2], (0, 0) for streams.  `ends`: ops up to the end of each block
    [N, blocks].  `fed`: streams take the image row by row.
    """

    fits: BoolArray
    sram: IntArray
    flash: IntArray
    recomputed_macs: IntArray
    blocks: IntArray
    grids: IntArray
    ends: IntArray
    fed: bool

    def segments(self, network: int, ops: int) -> list[Segment]:
        """The schedule's segments for network number `network`, which has `ops` ops."""
        blocks = int(self.blocks[network])
        if blocks == 0:
            return [Segment(SegmentKind.LAYER, 0, ops)]
        ends = [int(end) for end in np.unique(self.ends[network])]
        rows, columns = (int(v) for v in self.grids[network])
        first = ends[blocks - 1]
        if rows:
            head = Segment(SegmentKind.PATCH, 0, first, (rows, columns))
            return [head, Segment(SegmentKind.LAYER, first, ops)]
        return stream_segments(ends, blocks, ops, fed=self.fed)


def stream_segments(ends: list[int], blocks: int, ops: int, *, fed: bool) -> list[Segment]:
    """The first `blocks` blocks as one stream and each later one as its own; `ends` of blocks."""
    edges = [0, *ends[blocks - 1 :]]
    streams = [
        Segment(SegmentKind.STREAM, first, last, chunk=MIN_CHUNK, fed=fed and first == 0)
        for first, last in pairwise(edges)
    ]
    return [*streams, Segment(SegmentKind.LAYER, ends[-1], ops)]


def cheapest_schedules(
    population: Population,
    sizes: CodeSizes,
    budget: Budget,
    kinds: str = "all",
    *,
    fed: bool = False,
) -> Cheapest:
    """Over all networks of one subspace: layer by layer, streams with every prefix, patches with
    every patch point and grid that `tinynas.schedule.plan` considers.

    A limit on MACs is no matter of schedules: it is of the network computed once.

    Raises:
        InvalidInputError: `kinds` is not one of the planner's.
    """
    families = families_of(kinds, fed=fed)
    options = _Options(len(population.rows))
    if "layer" in families:
        options.add(layer_costs(population, sizes), 0, ((1, 1),))
    for blocks in range(1, int(population.depth.max()) + 2):
        if "stream" in families:
            options.add(stream_costs(population, sizes, blocks, fed=fed), blocks, ((0, 0),))
        if "patch" in families:
            options.add(patch_costs(population, sizes, blocks, GRIDS), blocks, GRIDS)
    return options.cheapest(budget, population.block_ends[0], fed=fed)


class _Options:
    """Costs of N networks under K schedules, gathered kind by kind: arrays [N, K]."""

    def __init__(self, networks: int) -> None:
        self.networks = networks
        self.columns: dict[str, list[IntArray]] = {
            name: [] for name in ("sram", "flash", "recomputed", "blocks", "rows", "columns")
        }

    def add(self, costs: PopulationCosts, blocks: int, grids: tuple[Grid, ...]) -> None:
        shape = (self.networks, len(grids))
        sides = np.array(grids, dtype=np.int64)
        for name, values in (
            ("sram", costs.sram[0].reshape(shape)),
            ("flash", costs.flash[0].reshape(shape)),
            ("recomputed", costs.recomputed_macs[0].reshape(shape)),
            ("blocks", np.array(blocks, dtype=np.int64)),
            ("rows", sides[:, 0]),
            ("columns", sides[:, 1]),
        ):
            self.columns[name].append(np.broadcast_to(values, shape))

    def cheapest(self, budget: Budget, ends: IntArray, *, fed: bool) -> Cheapest:
        table = {name: np.concatenate(parts, axis=1) for name, parts in self.columns.items()}
        sram, flash, recomputed = table["sram"], table["flash"], table["recomputed"]
        excess = np.maximum(sram - budget.sram_bytes, 0) + np.maximum(flash - budget.flash_bytes, 0)
        fits = excess == 0
        # The last key of a lexical order counts most: fitting, then little work, then little SRAM.
        order = np.lexsort((sram, np.where(fits, recomputed, excess), ~fits), axis=1)
        pick = np.arange(self.networks), order[:, 0]
        grids = np.stack([table["rows"][pick], table["columns"][pick]], axis=1)
        return Cheapest(
            fits[pick],
            sram[pick],
            flash[pick],
            recomputed[pick],
            table["blocks"][pick],
            grids,
            ends,
            fed,
        )
