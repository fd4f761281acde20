"""Which networks of which subspaces fit a budget, under two ways of counting memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinynas.cost import CodeSizes
from tinynas.cost.device import PopulationCosts, layer_costs, patch_costs
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.cost.published import published_flash, published_sram
from tinynas.devices import Budget
from tinynas.schedule import check_kinds
from tinynas.spaces import SearchSpace

BoolArray = NDArray[np.bool_]

Family = Callable[[Population], Sequence[PopulationCosts]]
"""Costs of a population under each schedule of a family."""

GRIDS: tuple[Grid, ...] = ((2, 2), (3, 3), (4, 4))
STAGES = 2
"""Patch points considered: behind each block of the first stages, with square grids.  The planner
knows more of them, so what fits here fits there, by a schedule at least as cheap."""


def device_families(space: SearchSpace, sizes: CodeSizes, kinds: str) -> list[Family]:
    """As this project's planner, layout and generated code need it.

    Raises:
        InvalidInputError: `kinds` is not one of the planner's.
    """
    check_kinds(kinds)

    def layer(population: Population) -> list[PopulationCosts]:
        return [layer_costs(population, sizes)]

    def patch(blocks: int) -> Family:
        def costs(population: Population) -> list[PopulationCosts]:
            return patch_costs(population, sizes, blocks, GRIDS).each_grid()

        return costs

    searched = sum(stage.deepest for stage in space.stages[:STAGES])
    by_layer: list[Family] = [] if kinds == "patch" else [layer]
    by_patch = [] if kinds == "layer" else [patch(blocks) for blocks in range(1, searched + 2)]
    return by_layer + by_patch


def published(population: Population) -> list[PopulationCosts]:
    """As the MCUNet paper's engine needs it, layer by layer."""
    none = np.zeros_like(population.macs)
    return [PopulationCosts(published_sram(population), published_flash(population), none)]


def fitting(population: Population, families: Sequence[Family], budget: Budget) -> BoolArray:
    """Which networks fit by some schedule: [S, N].

    Subspaces whose every network is settled are left out of the further families: it fits, or its
    constants alone are more than the flash.
    """
    fits = np.zeros(population.macs.shape, dtype=bool)
    undecided = np.arange(len(fits))
    for family in families:
        hopeless = population.constant_bytes > budget.flash_bytes
        for costs in family(population):
            fits[undecided] |= fits_budget(population, costs, budget)
        still: BoolArray = ~np.all(fits[undecided] | hopeless, axis=1)
        if not still.any():
            break
        if still.mean() < 0.9:  # new tables are cheap, but not free
            undecided = undecided[still]
            subspaces = population.tables.subspaces
            chosen = tuple(subspaces[i] for i in np.flatnonzero(still))
            population = Population(replace(population.tables, subspaces=chosen), population.rows)
    return fits


def fits_budget(population: Population, costs: PopulationCosts, budget: Budget) -> BoolArray:
    """Which networks fit by one schedule: [S, N].  MACs are those of a network computed once."""
    fits: BoolArray = (costs.sram <= budget.sram_bytes) & (costs.flash <= budget.flash_bytes)
    if budget.macs is not None:
        fits = fits & (population.macs <= budget.macs)
    return fits
