"""Which networks of which subspaces fit a budget, under two ways of counting memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinynas.cost import CodeSizes
from tinynas.cost.cheapest import families_of
from tinynas.cost.device import PopulationCosts, layer_costs, patch_costs, stream_costs
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.cost.published import published_flash, published_sram
from tinynas.devices import Budget
from tinynas.spaces import SearchSpace

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Family = Callable[[Population], Sequence[PopulationCosts]]
"""Costs of a population under each schedule of a family."""

GRIDS: tuple[Grid, ...] = ((2, 2), (3, 3), (4, 4))
STAGES = 2
"""Patch points and prefixes considered: behind each block of the first stages, square grids.  The
planner knows more of them, so what fits here fits there, by a schedule at least as cheap."""


def device_families(
    space: SearchSpace, sizes: CodeSizes, kinds: str, *, fed: bool = False
) -> list[Family]:
    """As this project's planner, layout and generated code need it; those without recomputation
    first.  `fed`: streams take the image row by row.

    Raises:
        InvalidInputError: `kinds` is not known.
    """

    def layer(population: Population) -> list[PopulationCosts]:
        return [layer_costs(population, sizes)]

    def patch(blocks: int) -> Family:
        def costs(population: Population) -> list[PopulationCosts]:
            return patch_costs(population, sizes, blocks, GRIDS).each_grid()

        return costs

    def stream(blocks: int) -> Family:
        def costs(population: Population) -> list[PopulationCosts]:
            return [stream_costs(population, sizes, blocks, fed=fed)]

        return costs

    searched = sum(stage.deepest for stage in space.stages[:STAGES])
    prefixes = range(1, searched + 2)
    by_family: dict[str, list[Family]] = {
        "layer": [layer],
        "stream": [stream(blocks) for blocks in prefixes],
        "patch": [patch(blocks) for blocks in prefixes],
    }
    return [family for name in families_of(kinds, fed=fed) for family in by_family[name]]


def published(population: Population) -> list[PopulationCosts]:
    """As the MCUNet paper's engine needs it, layer by layer."""
    none = np.zeros_like(population.macs)
    return [PopulationCosts(published_sram(population), published_flash(population), none)]


def fitting(
    population: Population,
    families: Sequence[Family],
    budget: Budget,
    least_flash: Callable[[Population], IntArray],
) -> BoolArray:
    """Which networks fit by some schedule: [S, N].

    Subspaces whose every network is settled are left out of the further families: it fits, or no
    schedule can make it (`least_flash` is what all of them need).
    """
    fits = np.zeros(population.macs.shape, dtype=bool)
    undecided = np.arange(len(fits))
    for family in families:
        hopeless = least_flash(population) > budget.flash_bytes
        if budget.macs is not None:
            hopeless |= population.macs > budget.macs
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
