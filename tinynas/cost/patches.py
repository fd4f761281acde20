"""Patch segments of populations: arena and recomputation of each network at one patch point."""

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


@dataclass(frozen=True)
class PatchPoint:
    """The first `blocks` blocks (the fixed one included) patch by patch over a `grid` of tiles."""

    blocks: int
    grid: tuple[int, int]


@dataclass(frozen=True)
class _BlockParts:
    """Rows (or columns) that enter and leave a block, part by part, and its lead."""

    entering: Parts
    leaving: Parts
    lead: IntArray


@dataclass(frozen=True)
class _Axis:
    """One axis of the tiles: what the stem puts out, and what each block works on."""

    stem: Parts
    blocks: tuple[_BlockParts, ...]


@dataclass(frozen=True)
class PatchSegments:
    """The patch segments at `point` of networks given as entries [N, blocks]; results [S, N].

    Tile geometry does not depend on the width multiplier, so it is solved once a resolution.
    """

    tables: Tables
    entries: IntArray
    point: PatchPoint

    @cached_property
    def _one(self) -> IntArray:
        """A subspace of each resolution [R]."""
        return np.unique(self.tables.first.resolution, return_index=True)[1]

    @cached_property
    def _own(self) -> IntArray:
        """Which of them has each subspace's resolution [S]."""
        return np.unique(self.tables.first.resolution, return_inverse=True)[1]

    @cached_property
    def out_size(self) -> IntArray:
        """Rows and columns of the segment's output [R, N]."""
        if self.point.blocks == 1:
            size = self.tables.first.out_size[self._one][:, None]
            return np.repeat(size, len(self.entries), axis=1)
        return self.tables.blocks.shapes.out_size[self._one][:, self.entries[:, -1]]

    def _axis(self, parts: int) -> _Axis:
        """Receptive fields from the segment's output back to the stem's."""
        first = self.tables.first
        out = Parts.of(self.out_size, parts)
        blocks = []
        for column in reversed(range(self.point.blocks)):
            if column:
                shapes = self.tables.blocks.shapes
                entry = self.entries[:, column - 1]
                kernel, stride, size = (
                    table[self._one][:, entry]
                    for table in (shapes.kernel, shapes.stride, shapes.in_size)
                )
            else:
                window = first.block_window
                kernel, stride, size = (
                    np.broadcast_to(table[self._one][:, None], self.out_size.shape)
                    for table in (window.kernel, window.stride, first.stem_size)
                )
            windows = Windows(kernel, stride)
            entering = out.receptive(windows, size)
            blocks.append(_BlockParts(entering, out, out.lead(windows, size)))
            out = entering
        return _Axis(out, tuple(reversed(blocks)))

    @cached_property
    def _axes(self) -> tuple[_Axis, _Axis]:
        rows = self._axis(self.point.grid[0])
        same = self.point.grid[0] == self.point.grid[1]
        return rows, rows if same else self._axis(self.point.grid[1])

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Whether a network has so many blocks, and an output of as many pixels as the grid."""
        enough = self.out_size >= max(self.point.grid)
        if self.point.blocks > 1:
            absent = ~self.tables.blocks.present[self._one][:, self.entries[:, -1]]
            enough = enough & ~absent
        possible: NDArray[np.bool_] = enough[self._own]
        return possible

    def _channels(self, column: int) -> tuple[Channels, NDArray[np.bool_]]:
        first, blocks = self.tables.first, self.tables.blocks
        if column == 0:
            c = first.channels
            fixed = Channels(
                c.entering[:, None], c.expanded[:, None], c.leaving[:, None], c.has_expansion
            )
            return fixed, first.residual[:, None]
        entry, c = self.entries[:, column - 1], blocks.channels
        chosen = Channels(c.entering[:, entry], c.expanded[:, entry], c.leaving[:, entry])
        return chosen, blocks.residual[:, entry]

    @cached_property
    def arena(self) -> IntArray:
        """Image at one end, output at the other, and between them what the tiles need."""
        channels, _ = self._channels(self.point.blocks - 1)
        out = align(self.out_size[self._own] ** 2 * channels.leaving)
        held = self.tables.first.input_bytes[:, None] + out
        return np.where(self.possible, held + self._tile_arena, IMPOSSIBLE)

    @property
    def _tile_arena(self) -> IntArray:
        """Least arena of the tiles alone, over the ends at which each block's output may lie."""
        rows, columns = self._axes
        first = self.tables.first
        stem_cells = (rows.stem.longest * columns.stem.longest)[self._own]
        stem = align(stem_cells * first.stem_channels[:, None])
        needs = stem + dense_scratch(first.stem_taps)[:, None]
        bottom, top = needs, needs
        for column, (down, across) in enumerate(zip(rows.blocks, columns.blocks, strict=True)):
            channels, residual = self._channels(column)
            block = block_bytes(_extent(down, across, self._own), channels, residual)
            if column == self.point.blocks - 1:
                from_bottom, from_top = final_costs(block, channels, residual)
                break
            bottom, top = through(end_costs(block, channels, residual), bottom, top)
        arena: IntArray = np.minimum(np.maximum(bottom, from_bottom), np.maximum(top, from_top))
        return arena

    @cached_property
    def recomputed_macs(self) -> IntArray:
        """MACs spent on pixels that another tile has computed already."""
        rows, columns = self._axes
        first, blocks = self.tables.first, self.tables.blocks
        per_stem, per_block = first.macs_per_pixel
        total = per_stem[:, None] * _twice(rows.stem, columns.stem)[self._own]
        for column, (down, across) in enumerate(zip(rows.blocks, columns.blocks, strict=True)):
            entering = _twice(down.entering, across.entering)[self._own]
            leaving = _twice(down.leaving, across.leaving)[self._own]
            if column == 0:
                total = total + per_block[:, None] * leaving
                continue
            entry = self.entries[:, column - 1]
            expansion, rest = blocks.macs_per_pixel
            total = total + expansion[:, entry] * entering + rest[:, entry] * leaving
        return total

    @cached_property
    def ops(self) -> IntArray:
        """Ops of the segment."""
        total = np.repeat(self.tables.first.ops[:, None], len(self.entries), axis=1)
        for column in range(self.point.blocks - 1):
            total = total + self.tables.blocks.ops[:, self.entries[:, column]]
        return total

    @cached_property
    def has_add(self) -> NDArray[np.bool_]:
        """Whether a residual sum is among its ops."""
        residual = [self._channels(c)[1] for c in range(self.point.blocks)]
        has: NDArray[np.bool_] = np.any(np.broadcast_arrays(*residual), axis=0)
        return has


def _extent(down: _BlockParts, across: _BlockParts, own: IntArray) -> Extent:
    """Pixels of the largest tiles that enter and leave a block, in every subspace."""
    columns = across.leaving.longest
    return Extent(
        (down.entering.longest * across.entering.longest)[own],
        (down.leaving.longest * columns)[own],
        (down.lead * columns + across.lead)[own],
    )


def _twice(rows: Parts, columns: Parts) -> IntArray:
    """Pixels computed beyond their first time."""
    return rows.computed * columns.computed - rows.covered * columns.covered
