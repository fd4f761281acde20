"""What every entry of a space costs in every subspace: the tables that populations gather from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import (
    IMPOSSIBLE,
    Channels,
    align,
    block_bytes,
    end_costs,
    whole_extent,
)
from tinynas.cost.entries import BlockShapes, block_shapes
from tinynas.cost.first import FirstLayers
from tinynas.cost.op_constants import block_constants, classifier_constants
from tinynas.cost.tiles import Windows
from tinynas.spaces import Subspace

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class BlockTables:
    """The searched blocks and the classifier: [subspaces, entries], the absent block last."""

    subspaces: tuple[Subspace, ...]
    classes: int

    @cached_property
    def shapes(self) -> BlockShapes:
        return block_shapes(self.subspaces)

    @property
    def present(self) -> BoolArray:
        present: BoolArray = self.shapes.expanded > 0
        return present

    @cached_property
    def residual(self) -> BoolArray:
        residual: BoolArray = self.shapes.residual & self.present
        return residual

    @cached_property
    def channels(self) -> Channels:
        return Channels(self.shapes.in_channels, self.shapes.expanded, self.shapes.out_channels)

    @cached_property
    def ops(self) -> IntArray:
        return np.where(self.present, 3, 0) + self.residual

    @cached_property
    def macs_per_pixel(self) -> tuple[IntArray, IntArray]:
        """Of the expansion, an input pixel; of depthwise and projection, an output pixel."""
        s = self.shapes
        return s.in_channels * s.expanded, s.expanded * (s.kernel**2 + s.out_channels)

    @cached_property
    def macs(self) -> IntArray:
        expansion, rest = self.macs_per_pixel
        return self.shapes.in_size**2 * expansion + self.shapes.out_size**2 * rest

    @cached_property
    def end_costs(self) -> IntArray:
        """Least arena with input and output at given ends: [subspaces, entries, from, to]."""
        s = self.shapes
        extent = whole_extent(s.in_size, s.out_size, Windows(s.kernel, s.stride))
        block = block_bytes(extent, self.channels, self.residual)
        costs = end_costs(block, self.channels, self.residual)
        costs[~self.present] = [[0, IMPOSSIBLE], [IMPOSSIBLE, 0]]
        return costs

    @cached_property
    def constants(self) -> IntArray:
        """Flash of weights, requantisation and descriptors (bytes)."""
        s = self.shapes
        rows = np.stack(
            [s.in_channels, s.expanded, s.out_channels, s.kernel, self.residual.astype(np.int64)],
            -1,
        )
        unique, inverse = np.unique(rows.reshape(-1, 5), axis=0, return_inverse=True)
        sizes = [block_constants(*row) if row[1] else 0 for row in unique.tolist()]
        return np.array(sizes, dtype=np.int64)[inverse].reshape(s.kernel.shape)

    @cached_property
    def classifier_macs(self) -> IntArray:
        """Of a classifier behind this entry."""
        return self.shapes.out_channels * self.classes

    @cached_property
    def classifier_constants(self) -> IntArray:
        unique, inverse = np.unique(self.shapes.out_channels, return_inverse=True)
        sizes = [classifier_constants(c, self.classes) if c else 0 for c in unique.tolist()]
        return np.array(sizes, dtype=np.int64)[inverse].reshape(self.shapes.kernel.shape)

    @cached_property
    def classifier_arena(self) -> IntArray:
        """Of mean and fully connected behind this entry."""
        s = self.shapes
        pooled, logits = align(s.out_channels), align(np.full_like(s.kernel, self.classes))
        held = align(s.out_size**2 * s.out_channels)
        return pooled + np.maximum(held, logits)


@dataclass(frozen=True)
class Tables:
    """What networks are put together from, in S subspaces of one space."""

    subspaces: tuple[Subspace, ...]
    classes: int
    input_channels: int

    @cached_property
    def first(self) -> FirstLayers:
        return FirstLayers(self.subspaces, self.input_channels)

    @cached_property
    def blocks(self) -> BlockTables:
        return BlockTables(self.subspaces, self.classes)
