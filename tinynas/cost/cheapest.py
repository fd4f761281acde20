"""The cheapest schedule of every network of a population under a budget, without planning any."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.code import CodeSizes
from tinynas.cost.device import PopulationCosts, layer_costs, patch_costs
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.devices import Budget
from tinynas.schedule import MAX_GRID, Segment, SegmentKind, check_kinds

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

GRIDS: tuple[Grid, ...] = tuple(
    (rows, columns)
    for rows in range(1, MAX_GRID + 1)
    for columns in range(1, MAX_GRID + 1)
    if rows * columns > 1
)
"""All that the planner considers."""


@dataclass(frozen=True)
class Cheapest:
    """For each of N networks the schedule that recomputes least of those that fit the memory.

    Where none fits it is the one that exceeds the budget by the fewest bytes.  patched_ops: length
    of the patch segment, 0 where all runs layer by layer; grids: its rows and columns [N, 2].
    """

    fits: BoolArray
    sram: IntArray
    flash: IntArray
    recomputed_macs: IntArray
    patched_ops: IntArray
    grids: IntArray

    def segments(self, network: int, ops: int) -> list[Segment]:
        """The schedule's segments for network number `network`, which has `ops` ops."""
        patched = int(self.patched_ops[network])
        if patched == 0:
            return [Segment(SegmentKind.LAYER, 0, ops)]
        rows, columns = (int(v) for v in self.grids[network])
        head = Segment(SegmentKind.PATCH, 0, patched, (rows, columns))
        return [head, Segment(SegmentKind.LAYER, patched, ops)]


def cheapest_schedules(
    population: Population, sizes: CodeSizes, budget: Budget, kinds: str = "all"
) -> Cheapest:
    """Over every patch point and grid that `tinynas.schedule.plan` considers, in one subspace.

    A limit on MACs is no matter of schedules: it is of the network computed once.

    Raises:
        InvalidInputError: `kinds` is not one of the planner's.
    """
    check_kinds(kinds)
    options = _Options(len(population.rows))
    if kinds != "patch":
        options.add(layer_costs(population, sizes), np.zeros(1, dtype=np.int64), ((1, 1),))
    if kinds != "layer":
        for blocks in range(1, int(population.depth.max()) + 2):
            ops = population.patches(blocks, GRIDS).ops[0]
            options.add(patch_costs(population, sizes, blocks, GRIDS), ops, GRIDS)
    return options.cheapest(budget)


class _Options:
    """Costs of N networks under K schedules, gathered kind by kind: arrays [N, K]."""

    def __init__(self, networks: int) -> None:
        self.networks = networks
        self.columns: dict[str, list[IntArray]] = {
            name: [] for name in ("sram", "flash", "recomputed", "ops", "rows", "columns")
        }

    def add(self, costs: PopulationCosts, ops: IntArray, grids: tuple[Grid, ...]) -> None:
        shape = (self.networks, len(grids))
        sides = np.array(grids, dtype=np.int64)
        for name, values in (
            ("sram", costs.sram[0].reshape(shape)),
            ("flash", costs.flash[0].reshape(shape)),
            ("recomputed", costs.recomputed_macs[0].reshape(shape)),
            ("ops", ops),
            ("rows", sides[:, 0]),
            ("columns", sides[:, 1]),
        ):
            self.columns[name].append(np.broadcast_to(values, shape))

    def cheapest(self, budget: Budget) -> Cheapest:
        table = {name: np.concatenate(parts, axis=1) for name, parts in self.columns.items()}
        sram, flash, recomputed = table["sram"], table["flash"], table["recomputed"]
        excess = np.maximum(sram - budget.sram_bytes, 0) + np.maximum(flash - budget.flash_bytes, 0)
        fits = excess == 0
        # The last key of a lexical order counts most: fitting, then little work, then little SRAM.
        order = np.lexsort((sram, np.where(fits, recomputed, excess), ~fits), axis=1)
        pick = np.arange(self.networks), order[:, 0]
        grids = np.stack([table["rows"][pick], table["columns"][pick]], axis=1)
        return Cheapest(
            fits[pick], sram[pick], flash[pick], recomputed[pick], table["ops"][pick], grids
        )
