"""Stream schedules of populations: a prefix of blocks as one stream, every later block as its own.

Nothing is recomputed.  The image is held, or fed row by row; what follows the blocks runs layer by
layer.  Flash, stack and the workspaces are those of the scheduler; the arena is one that the
scheduler needs at most, as it may leave the ends at which buffers lie here
(`python -m benchmarks.batched_cost` counts how often it does).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import IMPOSSIBLE, align, dense_scratch, overlapped
from tinynas.cost.population import Population
from tinynas.cost.rings import BlockRings, reach, ring_rows
from tinynas.cost.tiles import Windows

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class StreamCosts:
    """Streams of a population whose prefix is `blocks` blocks long, the fixed one included."""

    population: Population
    blocks: int
    fed: bool

    @cached_property
    def arena(self) -> IntArray:
        """Arena bytes at most [S, N]; larger than any where a network has too few blocks."""
        bottom, top = self._prefix
        rest = self.population.stream_rests[self.blocks - 1]
        arena = self.population.joined(bottom, top, rest)
        return np.where(self.population.depth + 1 >= self.blocks, arena, IMPOSSIBLE)

    @property
    def segments(self) -> IntArray:
        """Stream segments of each network [N]."""
        segments: IntArray = self.population.depth + 2 - self.blocks
        return segments

    @property
    def stages(self) -> IntArray:
        """Of all stream segments [N]: one for the stem and one a block, two a later block."""
        stages: IntArray = 1 + self.blocks + 2 * (self.segments - 1)
        return stages

    @cached_property
    def prefix_has_add(self) -> BoolArray:
        """Whether the prefix has a residual sum [S, N]."""
        tables = self.population.tables
        columns = self.population.entries[:, : self.blocks - 1]
        has: BoolArray = tables.first.residual[:, None] | _any(tables.blocks.residual[:, columns])
        return has

    @cached_property
    def later_has_add(self) -> BoolArray:
        """Whether a block behind the prefix has one [S, N]."""
        columns = self.population.entries[:, self.blocks - 1 :]
        return _any(self.population.tables.blocks.residual[:, columns])

    @cached_property
    def _prefix(self) -> tuple[IntArray, IntArray]:
        """Arenas of the prefix with its output at the bottom and at the top [S, N]."""
        first = self.population.tables.first
        out = align(self._out_size**2 * self._out_channels)
        workspace = self.workspace
        if self.fed:
            return out + workspace, out + workspace
        image = first.input_bytes[:, None]
        gap = self._distance
        bottom = overlapped(image, out, gap) + workspace
        shared = np.maximum(image, out) + workspace
        return bottom, np.where(gap <= out - image, shared, image + out + workspace)

    @property
    def _last(self) -> IntArray:
        return self.population.entries[:, self.blocks - 2]

    @property
    def _out_size(self) -> IntArray:
        tables = self.population.tables
        if self.blocks == 1:
            return tables.first.out_size[:, None]
        return tables.blocks.shapes.out_size[:, self._last]

    @property
    def _out_channels(self) -> IntArray:
        tables = self.population.tables
        if self.blocks == 1:
            return tables.first.out_channels[:, None]
        return tables.blocks.shapes.out_channels[:, self._last]

    @cached_property
    def workspace(self) -> IntArray:
        """Rings, chunks and scratch of the prefix [S, N]."""
        first, blocks = self.population.tables.first, self.population.tables.blocks
        channels = (first.stem_channels, first.stem_channels, first.out_channels)
        own = BlockRings.of(
            first.block_window, first.stem_size, first.out_size, channels, first.residual
        )
        # The fixed block expands nothing: its window and its sum read the same ring.
        rings = np.maximum(own.expanded, own.residual)[:, None]
        if self.fed:
            fed = ring_rows(first.stem_window, first.resolution)
            rings = rings + align(fed * first.resolution * first.input_channels)[:, None]
        turns = dense_scratch(first.stem_taps)[:, None]
        here, residual = _Turn.of(own), first.residual[:, None]
        for column in range(self.blocks - 1):
            entry = self.population.entries[:, column]
            following = _Turn.of(self.population.entry_rings, entry)
            waits = blocks.residual[:, entry]
            rings = (
                rings
                + self.population.entry_rings.expanded[:, entry]
                + self.population.entry_rings.residual[:, entry]
            )
            turns = np.maximum(turns, here.most(residual, waits, following.expand_scratch))
            here, residual = following, waits
        workspace: IntArray = rings + np.maximum(turns, here.last(residual))
        return np.broadcast_to(workspace, self.population.macs.shape)

    @cached_property
    def _distance(self) -> IntArray:
        """How far above the prefix's output the held image has to lie [S, N].

        Which rows are read when does not depend on the width multiplier, so it is solved once a
        resolution: [R, N].
        """
        first = self.population.tables.first
        _, one, own = np.unique(first.resolution, return_index=True, return_inverse=True)
        shape = (len(one), len(self.population.entries))
        windows = [
            (Windows(window.kernel[one], window.stride[one]), size[one])
            for window, size in self._windows
        ]
        stem, height = first.stem_window, first.resolution[one, None]
        padding = stem.before(first.resolution)[one, None]
        image_row = (first.resolution * first.input_channels)[:, None]
        out_row = self._out_size * self._out_channels
        least = np.broadcast_to(-first.resolution[:, None] * image_row, self.population.macs.shape)
        for row in range(int(self._out_size.max())):
            needed: IntArray = np.full(shape, row)
            for window, size in reversed(windows):
                ahead = needed * window.stride + reach(window, size)
                needed = np.minimum(ahead, size - 1)
            done = needed + 1
            read = np.clip(done * stem.stride[one, None] - padding, 0, height)
            still = (row < self._out_size[one]) & (done < first.stem_size[one, None])
            if not still.any():  # all has been read before later rows are written
                break
            apart = (row + 1) * out_row - read[own] * image_row
            least = np.where(still[own], np.maximum(least, apart), least)
        return least

    @property
    def _windows(self) -> list[tuple[Windows, IntArray]]:
        """Depthwise windows and input sizes of the prefix's blocks, [S, 1] or [S, N]."""
        first, shapes = self.population.tables.first, self.population.tables.blocks.shapes
        fixed = first.block_window
        found = [(Windows(fixed.kernel[:, None], fixed.stride[:, None]), first.stem_size[:, None])]
        for column in range(self.blocks - 1):
            entry = self.population.entries[:, column]
            window = Windows(shapes.kernel[:, entry], shapes.stride[:, entry])
            found.append((window, shapes.in_size[:, entry]))
        return found


def _any(blocks: BoolArray) -> BoolArray:
    """Whether one of a network's blocks: [S, N, blocks] to [S, N]."""
    found: BoolArray = np.asarray(blocks.any(axis=-1))
    return found


@dataclass(frozen=True)
class _Turn:
    """What the ops of one block in a prefix use in turns [S, N]."""

    depthwise: IntArray
    projected: IntArray
    project_scratch: IntArray
    expand_scratch: IntArray

    @classmethod
    def of(cls, rings: BlockRings, entry: IntArray | None = None) -> _Turn:
        """Of the fixed block's rings [S], or of the searched blocks' [S, entries] at `entry`."""
        names = ("depthwise", "projected", "project_scratch", "expand_scratch")
        return cls(*(getattr(rings, name)[:, entry] for name in names))

    def most(self, residual: BoolArray, waits: BoolArray, scratch: IntArray) -> IntArray:
        """At once at worst, another block following whose expansion takes `scratch`.

        `residual`: this block ends in a sum; `waits`: the next one does, so that this one's output
        is kept in a ring and not handed over as a chunk.
        """
        handed = np.where(waits, 0, self.projected)
        projecting = self.depthwise + self.project_scratch
        projecting = projecting + np.where(residual, self.projected, handed)
        adding = np.where(residual, self.projected + handed, 0)
        most: IntArray = np.maximum(projecting, np.maximum(adding, handed + scratch))
        return most

    def last(self, residual: BoolArray) -> IntArray:
        """At once at worst, this block's output being the prefix's."""
        projecting: IntArray = self.depthwise + self.project_scratch
        return projecting + np.where(residual, self.projected, 0)
