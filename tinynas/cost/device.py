"""SRAM and flash of populations on a device: `memory_cost` of many networks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.code import CodeSizes, kernels_of
from tinynas.cost.layout import SPAN_BYTES
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.schedule.kernels import Kernel
from tinynas.spaces import network_of, skeleton

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PopulationCosts:
    """Bytes and MACs of N networks in S subspaces: [S, N], or [S, N, grids]."""

    sram: IntArray
    flash: IntArray
    recomputed_macs: IntArray

    def each_grid(self) -> list[PopulationCosts]:
        """[S, N, grids] taken apart."""
        arrays = (self.sram, self.flash, self.recomputed_macs)
        return [
            PopulationCosts(*(array[..., grid] for array in arrays))
            for grid in range(self.sram.shape[-1])
        ]


def layer_costs(population: Population, sizes: CodeSizes) -> PopulationCosts:
    """Layer by layer, compiled to code of these sizes."""
    code, stack = _kernels(population, sizes)
    network = sizes.network["base"] + sizes.network["layer_call"] * population.ops
    return PopulationCosts(
        population.layer_arena + sizes.static + stack,
        population.constant_bytes + code + network,
        np.zeros_like(population.macs),
    )


def patch_costs(
    population: Population, sizes: CodeSizes, blocks: int, grids: tuple[Grid, ...]
) -> PopulationCosts:
    """The first `blocks` blocks patch by patch, the rest layer by layer: [S, N, grids]."""
    patches = population.patches(blocks, grids)
    code, stack = _kernels(population, sizes)
    calls = sizes.network["patch_call"] * patches.ops
    calls = calls + sizes.network["layer_call"] * (population.ops[..., None] - patches.ops)
    spans = SPAN_BYTES * np.array([sum(grid) for grid in grids]) * patches.ops
    network = sizes.network["base"] + sizes.network["patch"] + calls + spans
    tiled = _stack(sizes, _fixed_kernels(population, tiled=True), patches.has_add)
    stack = np.maximum(stack[..., None], tiled + sizes.patch_stack)
    return PopulationCosts(
        population.patch_arena(patches) + sizes.static + stack,
        (population.constant_bytes + code)[..., None] + network,
        patches.recomputed_macs,
    )


def _kernels(population: Population, sizes: CodeSizes) -> tuple[IntArray, IntArray]:
    """Code of the kernels that occur, and the stack of the deepest: [S, N]."""
    fixed = _fixed_kernels(population, tiled=False)
    has_add = population.has_add
    without = sum(sizes.functions[f] for f in _functions(sizes, fixed))
    with_add = sum(sizes.functions[f] for f in _functions(sizes, fixed | {Kernel.ADD}))
    return np.where(has_add, with_add, without), _stack(sizes, fixed, has_add)


def _functions(sizes: CodeSizes, kernels: frozenset[Kernel]) -> set[str]:
    return {function for kernel in kernels for function in sizes.kernels[kernel]}


def _stack(sizes: CodeSizes, fixed: frozenset[Kernel], has_add: BoolArray) -> IntArray:
    without = max(sizes.stacks[k] for k in fixed)
    return np.where(has_add, max(without, sizes.stacks[Kernel.ADD]), without)


def _fixed_kernels(population: Population, *, tiled: bool) -> frozenset[Kernel]:
    """What every network of the space runs on, residual sums apart; `tiled`: in its blocks."""
    subspace = population.tables.subspaces[0]
    network = network_of(
        subspace,
        subspace.space.smallest,
        classes=population.tables.classes,
        input_channels=population.tables.input_channels,
    )
    kernels = frozenset(kernels_of(skeleton(network))) - {Kernel.ADD}
    return kernels - {Kernel.MEAN, Kernel.FULLY_CONNECTED} if tiled else kernels
