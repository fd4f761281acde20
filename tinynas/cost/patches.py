"""Patch segments of populations: arena and recomputation of each network, for several grids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import (
    IMPOSSIBLE,
    Channels,
    Extent,
    align,
    block_bytes,
    dense_scratch,
    end_costs,
    final_costs,
    through,
)
from tinynas.cost.tables import Tables
from tinynas.cost.tiles import Parts, Windows

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Grid = tuple[int, int]


@dataclass(frozen=True)
class _Reach:
    """Positions along one axis: of the longest part, of all parts together, and of their union."""

    longest: IntArray
    computed: IntArray
    covered: IntArray

    @classmethod
    def of(cls, parts: Parts) -> _Reach:
        return cls(parts.longest, parts.computed, parts.covered)


@dataclass(frozen=True)
class _Axis:
    """One axis of a grid: what the stem puts out, and for each block what enters and what leaves it
    and by how much its depthwise kernel leads.
    """

    stem: _Reach
    entering: tuple[_Reach, ...]
    leaving: tuple[_Reach, ...]
    lead: tuple[IntArray, ...]


@dataclass(frozen=True)
class PatchSegments:
    """The first `blocks` blocks (the fixed one included) patch by patch over each of `grids`.

    Networks are given by the entries of their searched blocks [N, blocks - 1]; results are
    [subspaces, N, grids].  Tile geometry does not depend on the width multiplier, so it is solved
    once a resolution.
    """

    tables: Tables
    entries: IntArray
    blocks: int
    grids: tuple[Grid, ...]

    @cached_property
    def _one(self) -> IntArray:
        """A subspace of each resolution [R]."""
        return np.unique(self.tables.first.resolution, return_index=True)[1]

    @cached_property
    def _own(self) -> IntArray:
        """Which of them has each subspace's resolution [S]."""
        return np.unique(self.tables.first.resolution, return_inverse=True)[1]

    @cached_property
    def _out_size(self) -> IntArray:
        """Rows and columns of the segment's output [R, N]."""
        if self.blocks == 1:
            size = self.tables.first.out_size[self._one][:, None]
            return np.repeat(size, len(self.entries), axis=1)
        return self.tables.blocks.shapes.out_size[self._one][:, self.entries[:, -1]]

    @cached_property
    def _windows(self) -> list[tuple[Windows, IntArray]]:
        """Depthwise window and input size of each block [R, N]."""
        first, shapes = self.tables.first, self.tables.blocks.shapes
        fixed = (first.block_window.kernel, first.block_window.stride, first.stem_size)
        chosen = [
            [np.broadcast_to(table[self._one][:, None], self._out_size.shape) for table in fixed]
        ]
        for column in range(self.blocks - 1):
            entry = self.entries[:, column]
            tables = (shapes.kernel, shapes.stride, shapes.in_size)
            chosen.append([table[self._one][:, entry] for table in tables])
        return [(Windows(kernel, stride), size) for kernel, stride, size in chosen]

    def _axis(self, parts: int) -> _Axis:
        """Receptive fields from the segment's output back to the stem's."""
        out = Parts.of(self._out_size, parts)
        entering, leaving, leads = [], [], []
        for window, size in reversed(self._windows):
            leads.append(out.lead(window, size))
            leaving.append(_Reach.of(out))
            out = out.receptive(window, size)
            entering.append(_Reach.of(out))
        return _Axis(
            _Reach.of(out),
            tuple(reversed(entering)),
            tuple(reversed(leaving)),
            tuple(reversed(leads)),
        )

    @cached_property
    def _axes(self) -> list[tuple[_Axis, _Axis]]:
        """(rows, columns) of each grid."""
        solved = {parts: self._axis(parts) for grid in self.grids for parts in grid}
        return [(solved[rows], solved[columns]) for rows, columns in self.grids]

    def _over_grids(self, values: list[IntArray]) -> IntArray:
        """One array [R, N] a grid as [S, N, G]."""
        return np.stack(values, axis=-1)[self._own]

    @property
    def possible(self) -> BoolArray:
        """Whether a network has so many blocks, and an output of as many pixels as the grid."""
        finest = np.array([max(grid) for grid in self.grids])
        enough = self._out_size[..., None] >= finest
        if self.blocks > 1:
            present = self.tables.blocks.present[self._one][:, self.entries[:, -1]]
            enough = enough & present[..., None]
        possible: BoolArray = enough[self._own]
        return possible

    def _channels(self, column: int) -> tuple[Channels, BoolArray]:
        """Of a block, and whether it has a residual sum: [S, N, 1]."""
        first, blocks = self.tables.first, self.tables.blocks
        if column == 0:
            c, residual = first.channels, first.residual[:, None]
            index: tuple[slice | IntArray, ...] = (slice(None), np.zeros(1, dtype=np.int64))
            tables = [t[:, None] for t in (c.entering, c.expanded, c.leaving)]
        else:
            c, residual = blocks.channels, blocks.residual
            index = (slice(None), self.entries[:, column - 1])
            tables = [c.entering, c.expanded, c.leaving]
        entering, expanded, leaving = (table[index][..., None] for table in tables)
        return Channels(entering, expanded, leaving, c.has_expansion), residual[index][..., None]

    def _extent(self, column: int) -> Extent:
        """Pixels of the largest tiles of a block."""
        entering, leaving, lead = [], [], []
        for rows, columns in self._axes:
            wide = columns.leaving[column].longest
            entering.append(rows.entering[column].longest * columns.entering[column].longest)
            leaving.append(rows.leaving[column].longest * wide)
            lead.append(rows.lead[column] * wide + columns.lead[column])
        return Extent(*(self._over_grids(values) for values in (entering, leaving, lead)))

    @cached_property
    def arena(self) -> IntArray:
        """Image at one end, output at the other, and between them what the tiles need."""
        channels, _ = self._channels(self.blocks - 1)
        out = align(self._out_size[self._own][..., None] ** 2 * channels.leaving)
        held = self.tables.first.input_bytes[:, None, None] + out
        return np.where(self.possible, held + self._tile_arena, IMPOSSIBLE)

    @property
    def _tile_arena(self) -> IntArray:
        """Least arena of the tiles alone, over the ends at which each block's output may lie."""
        first = self.tables.first
        pixels = self._over_grids([r.stem.longest * c.stem.longest for r, c in self._axes])
        stem = align(pixels * first.stem_channels[:, None, None])
        bottom = top = stem + dense_scratch(first.stem_taps)[:, None, None]
        for column in range(self.blocks - 1):
            channels, residual = self._channels(column)
            block = block_bytes(self._extent(column), channels, residual)
            bottom, top = through(end_costs(block, channels, residual), bottom, top)
        channels, residual = self._channels(self.blocks - 1)
        block = block_bytes(self._extent(self.blocks - 1), channels, residual)
        from_bottom, from_top = final_costs(block, channels, residual)
        arena: IntArray = np.minimum(np.maximum(bottom, from_bottom), np.maximum(top, from_top))
        return arena

    @cached_property
    def recomputed_macs(self) -> IntArray:
        """MACs spent on pixels that another tile has computed already."""
        first, blocks = self.tables.first, self.tables.blocks
        per_stem, per_first = first.macs_per_pixel
        per_entering, per_leaving = blocks.macs_per_pixel
        stem = self._over_grids([_twice(r.stem, c.stem) for r, c in self._axes])
        total = stem * per_stem[:, None, None]
        for column in range(self.blocks):
            leaving = self._twice_leaving(column)
            if column == 0:
                total = total + leaving * per_first[:, None, None]
                continue
            entry = self.entries[:, column - 1]
            pairs = [(r.entering[column], c.entering[column]) for r, c in self._axes]
            entering = self._over_grids([_twice(*pair) for pair in pairs])
            total = total + entering * per_entering[:, entry, None]
            total = total + leaving * per_leaving[:, entry, None]
        return total

    def _twice_leaving(self, column: int) -> IntArray:
        pairs = [(rows.leaving[column], columns.leaving[column]) for rows, columns in self._axes]
        return self._over_grids([_twice(*pair) for pair in pairs])

    @cached_property
    def ops(self) -> IntArray:
        """Ops of the segment [S, N, 1]."""
        total = np.repeat(self.tables.first.ops[:, None], len(self.entries), axis=1)
        for column in range(self.blocks - 1):
            total = total + self.tables.blocks.ops[:, self.entries[:, column]]
        return total[..., None]

    @cached_property
    def has_add(self) -> BoolArray:
        """Whether a residual sum is among its ops [S, N, 1]."""
        residual = [self._channels(column)[1] for column in range(self.blocks)]
        has: BoolArray = np.any(np.broadcast_arrays(*residual), axis=0)
        return has


def _twice(rows: _Reach, columns: _Reach) -> IntArray:
    """Pixels computed beyond their first time."""
    return rows.computed * columns.computed - rows.covered * columns.covered
