"""SRAM and flash of populations on a device: `memory_cost` of many networks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.code import ROW_BYTES, CodeSizes, kernels_of, stream_functions
from tinynas.cost.layout import SPAN_BYTES, STAGE_BYTES
from tinynas.cost.patches import Grid
from tinynas.cost.population import Population
from tinynas.cost.streams import StreamCosts
from tinynas.schedule.kernels import Kernel, padded
from tinynas.spaces import network_of, skeleton

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_HEAD = (Kernel.MEAN, Kernel.FULLY_CONNECTED)
"""What runs layer by layer behind all blocks."""


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


def least_flash(population: Population, sizes: CodeSizes) -> IntArray:
    """Flash that no schedule of a network does without [S, N]."""
    code, _ = _kernels(population, sizes)
    call = min(sizes.network[f"{name}_call"] for name in ("layer", "patch", "stream"))
    return population.constant_bytes + code + sizes.network["base"] + call * population.ops


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


def stream_costs(
    population: Population, sizes: CodeSizes, blocks: int, *, fed: bool
) -> PopulationCosts:
    """The first `blocks` blocks as one stream, each later one as its own: [S, N].

    `fed`: the image comes in row by row.  SRAM is what the scheduler needs at most, see
    `tinynas.cost.streams`.
    """
    streams = StreamCosts(population, blocks, fed)
    links = stream_functions(fed=fed) & sizes.functions.keys()
    code, _ = _kernels(population, sizes, frozenset(links))
    network, head = sizes.network, len(_HEAD)
    calls = network["stream_call"] * (population.ops - head) + network["layer_call"] * head
    loops = network["stream"] * streams.segments + network["stage"] * streams.stages
    loops = loops + network["base"] + (network["fed"] if fed else 0)
    remembered = padded(ROW_BYTES * (blocks + 2)) if fed else 0
    flash = population.constant_bytes + code + calls + loops + STAGE_BYTES * streams.stages
    return PopulationCosts(
        streams.arena + sizes.static + remembered + _stream_stack(population, sizes, streams),
        flash,
        np.zeros_like(population.macs),
    )


def _stream_stack(population: Population, sizes: CodeSizes, streams: StreamCosts) -> IntArray:
    """The deepest of prefix, later blocks (two stages each) and what runs layer by layer."""
    tiled = _fixed_kernels(population, tiled=True)
    rows = 0 if streams.fed else padded(ROW_BYTES * (streams.blocks + 1))
    prefix = _stack(sizes, tiled, streams.prefix_has_add) + sizes.stream_stack + rows
    later = _stack(sizes, tiled - {Kernel.CONV}, streams.later_has_add)
    later = later + sizes.stream_stack + padded(ROW_BYTES * 2)
    deepest = np.maximum(prefix, np.where(streams.segments > 1, later, 0))
    stack: IntArray = np.maximum(deepest, max(sizes.stacks[kernel] for kernel in _HEAD))
    return stack


def _kernels(
    population: Population, sizes: CodeSizes, links: frozenset[str] = frozenset()
) -> tuple[IntArray, IntArray]:
    """Code of the kernels that occur and of `links`, and the stack of the deepest: [S, N]."""
    fixed = _fixed_kernels(population, tiled=False)
    has_add = population.has_add
    without = sum(sizes.functions[f] for f in _functions(sizes, fixed) | links)
    summing = _functions(sizes, fixed | {Kernel.ADD}) | links
    with_add = sum(sizes.functions[f] for f in summing)
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
    return kernels - set(_HEAD) if tiled else kernels
