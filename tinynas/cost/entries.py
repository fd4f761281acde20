"""Every block that a space can build, as arrays: what populations are looked up in.

An *entry* is one position of the space (block b of stage s) with one combination of its genes and
of the width of whatever comes before it.  All entries of a space are numbered through; a network is
a row of entry numbers, and what it costs is gathered from tables over entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tinynas.spaces import Subspace
from tinynas.spaces.model import SearchSpace, make_divisible

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class EntryKey:
    """What an entry stands for; `before` is the relative width of the block before it."""

    stage: int
    block: int
    kernel: int
    expansion: int
    width: float
    before: float


@dataclass(frozen=True)
class SpaceEntries:
    """The entries of a space.  Number `count` is the absent block, which costs nothing."""

    space: SearchSpace

    @cached_property
    def keys(self) -> tuple[EntryKey, ...]:
        """Position by position; within one by kernel, expansion, width, width before."""
        return tuple(
            EntryKey(s, b, *choice)
            for s, stage in enumerate(self.space.stages)
            for b in range(stage.deepest)
            for choice in product(
                stage.kernels, stage.expansions, stage.widths, self._widths_before(s, b)
            )
        )

    @property
    def count(self) -> int:
        return len(self.keys)

    def _widths_before(self, stage: int, block: int) -> tuple[float, ...]:
        if block > 0:
            return self.space.stages[stage].widths
        return self.space.stages[stage - 1].widths if stage > 0 else (1.0,)

    def of_rows(self, rows: IntArray) -> IntArray:
        """Entry numbers [N, deepest network] of canonical rows [N, genes], absent blocks last."""
        first, columns, absent = 0, [], []
        width_before = np.zeros(len(rows), dtype=np.int64)
        for s, (offset, stage) in enumerate(
            zip(self.space.stage_offsets(), self.space.stages, strict=True)
        ):
            depth = np.asarray(stage.depths)[rows[:, offset]]
            for b in range(stage.deepest):
                kernel, expansion, width = rows[:, offset + 1 + 3 * b : offset + 4 + 3 * b].T
                before = len(self._widths_before(s, b))
                number = kernel
                for gene, choices in (
                    (expansion, len(stage.expansions)),
                    (width, len(stage.widths)),
                    (width_before, before),
                ):
                    number = number * choices + gene
                columns.append(number + first)
                absent.append(depth <= b)
                width_before = np.where(depth > b, width, width_before)
                combinations = len(stage.kernels) * len(stage.expansions) * len(stage.widths)
                first += combinations * before
        numbers, missing = np.stack(columns, axis=1), np.stack(absent, axis=1)
        order = np.argsort(missing, axis=1, kind="stable")
        present: IntArray = np.where(missing, self.count, numbers)
        return np.take_along_axis(present, order, axis=1)


@lru_cache(maxsize=8)
def entries_of(space: SearchSpace) -> SpaceEntries:
    """The entries of a space, made once."""
    return SpaceEntries(space)


@dataclass(frozen=True)
class BlockShapes:
    """Shapes of every entry in every subspace: integers [subspaces, entries].

    The absent block has size 1 and no channels.
    """

    in_channels: IntArray
    expanded: IntArray
    out_channels: IntArray
    kernel: IntArray
    stride: IntArray
    in_size: IntArray

    @cached_property
    def out_size(self) -> IntArray:
        return -(-self.in_size // self.stride)

    @cached_property
    def residual(self) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = (self.stride == 1) & (self.in_channels == self.out_channels)
        return same


def block_shapes(subspaces: Sequence[Subspace]) -> BlockShapes:
    """Shapes of all entries, the absent block last, in subspaces of one space."""
    space = subspaces[0].space
    keys = entries_of(space).keys
    widths = sorted({s.width for s in subspaces})
    channels = {w: _channels(space, w) for w in widths}
    rows = [channels[s.width] for s in subspaces]
    sizes = _sizes(subspaces)
    ones = np.ones((len(subspaces), 1), dtype=np.int64)
    kernels = np.array([[*(k.kernel for k in keys), 1]])
    strides = np.array([[*(space.stages[k.stage].stride if k.block == 0 else 1 for k in keys), 1]])
    stages = [k.stage if k.block == 0 else k.stage + 1 for k in keys]
    entering, expanded, leaving = (np.stack([r[i] for r in rows]) for i in range(3))
    return BlockShapes(
        entering,
        expanded,
        leaving,
        kernel=np.broadcast_to(kernels, (len(subspaces), len(keys) + 1)),
        stride=np.broadcast_to(strides, (len(subspaces), len(keys) + 1)),
        in_size=np.concatenate([sizes[:, stages], ones], axis=1),
    )


def _channels(space: SearchSpace, width: float) -> IntArray:
    """In, expanded and out channels of the entries at a width multiplier: int [3, entries + 1]."""
    subspace = Subspace(space, width, space.resolutions[0])
    columns = []
    for key in entries_of(space).keys:
        if key.block > 0:
            base: float = space.stages[key.stage].channels * key.before
        elif key.stage > 0:
            base = space.stages[key.stage - 1].channels * key.before
        else:
            base = space.first_block.channels
        entering = subspace.channels(base)
        expanded = make_divisible(entering * key.expansion, space.channel_divisor)
        leaving = subspace.channels(space.stages[key.stage].channels * key.width)
        columns.append((entering, expanded, leaving))
    return np.array([*columns, (0, 0, 0)], dtype=np.int64).T


def _sizes(subspaces: Sequence[Subspace]) -> IntArray:
    """Rows (and columns) that enter each stage, and leave the last: [subspaces, stages + 1]."""
    space = subspaces[0].space
    size = np.array([s.resolution for s in subspaces], dtype=np.int64)
    strides = (space.stem.stride, space.first_block.stride)
    for stride in strides:
        size = -(-size // stride)
    sizes = [size]
    for stage in space.stages:
        sizes.append(-(-sizes[-1] // stage.stride))
    return np.stack(sizes, axis=1)
