"""Costs of populations: N networks in S subspaces at once, by gathers from tables.

Equal to what `tinynas.schedule` plans and `tinynas.cost.memory` adds up for each network alone:
MACs, recomputed MACs, flash and arena, layer by layer and for each patch point.  No loop runs over
networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import before
from tinynas.cost.entries import entries_of
from tinynas.cost.patches import Grid, PatchSegments
from tinynas.cost.rings import BlockRings, entry_rings, stream_end_costs
from tinynas.cost.tables import Tables

IntArray = NDArray[np.int64]

Ends = tuple[IntArray, IntArray]
"""Arenas [S, N] with a buffer at the bottom, and at the top."""


@dataclass(frozen=True)
class Population:
    """`rows` [N, genes] of the tables' space, canonical.  Results are [subspaces, N]."""

    tables: Tables
    rows: IntArray

    @cached_property
    def entries(self) -> IntArray:
        """Entry numbers [N, deepest network], absent blocks last."""
        return entries_of(self.tables.subspaces[0].space).of_rows(self.rows)

    @cached_property
    def depth(self) -> IntArray:
        """Searched blocks of each network [N]."""
        count = entries_of(self.tables.subspaces[0].space).count
        depth: IntArray = (self.entries < count).sum(axis=1)
        return depth

    def total(self, table: IntArray, *, first: int = 0, last: int | None = None) -> IntArray:
        """Sums of a table over the blocks `first` to `last - 1` of each network."""
        total: IntArray = table[:, self.entries[:, first:last]].sum(axis=-1)
        return total

    def largest(self, table: IntArray) -> IntArray:
        """The largest of a table over each network's blocks."""
        largest: IntArray = table[:, self.entries].max(axis=-1)
        return largest

    def behind(self, table: IntArray) -> IntArray:
        """A table at each network's last block."""
        return table[:, self.entries[np.arange(len(self.entries)), self.depth - 1]]

    @cached_property
    def macs(self) -> IntArray:
        blocks = self.tables.blocks
        searched = self.total(blocks.macs) + self.behind(blocks.classifier_macs)
        return self.tables.first.macs[:, None] + searched

    @cached_property
    def constant_bytes(self) -> IntArray:
        """Flash of all ops' constants; tile spans of a patch segment come on top."""
        blocks = self.tables.blocks
        searched = self.total(blocks.constants) + self.behind(blocks.classifier_constants)
        return self.tables.first.constants[:, None] + searched

    @cached_property
    def ops(self) -> IntArray:
        """Stem, blocks, mean and fully connected."""
        return self.tables.first.ops[:, None] + self.total(self.tables.blocks.ops) + 2

    @cached_property
    def block_ends(self) -> IntArray:
        """Ops up to the end of each block, the fixed one first; absent ones add none [S, N, ...]"""
        searched = np.cumsum(self.tables.blocks.ops[:, self.entries], axis=-1)
        first = np.broadcast_to(self.tables.first.ops[:, None, None], (*searched.shape[:2], 1))
        return np.concatenate([first, first + searched], axis=-1)

    @cached_property
    def has_add(self) -> NDArray[np.bool_]:
        """Whether a network has a residual sum."""
        searched = self.tables.blocks.residual[:, self.entries].any(axis=-1)
        has: NDArray[np.bool_] = self.tables.first.residual[:, None] | searched
        return has

    @cached_property
    def layer_arena(self) -> IntArray:
        """Arena of `tinynas.schedule.plan_layer`."""
        bottom, top = self.tables.first.layer_arena
        return self.joined(bottom[:, None], top[:, None], self.layer_rests[0])

    @cached_property
    def layer_rests(self) -> list[Ends]:
        """Least arenas of each searched block and all behind it, layer by layer."""
        return self.rests(self.tables.blocks.end_costs)

    @cached_property
    def stream_rests(self) -> list[Ends]:
        """The same with every block a stream of its own, at most."""
        return self.rests(stream_end_costs(self.tables.blocks))

    @cached_property
    def entry_rings(self) -> BlockRings:
        """What every entry takes in a stream [S, entries]."""
        return entry_rings(self.tables.blocks)

    def rests(self, costs: IntArray) -> list[Ends]:
        """For each block, and for what is behind the last: the least arena of all from there on,
        what enters it at the bottom or at the top; `costs` [S, entries, from, to]."""
        classifier = self.behind(self.tables.blocks.classifier_arena)
        rests = [(classifier, classifier)]
        for column in reversed(range(self.entries.shape[1])):
            rests.append(before(costs[:, self.entries[:, column]], *rests[-1]))
        return rests[::-1]

    @staticmethod
    def joined(bottom: IntArray, top: IntArray, rest: Ends) -> IntArray:
        """Least arena of what ends at the bottom or at the top and of the rest from there."""
        joined: IntArray = np.minimum(np.maximum(bottom, rest[0]), np.maximum(top, rest[1]))
        return joined

    def patches(self, blocks: int, grids: tuple[Grid, ...]) -> PatchSegments:
        """The first `blocks` blocks (the fixed one included) patch by patch, for several grids."""
        return PatchSegments(self.tables, self.entries[:, : blocks - 1], blocks, grids)

    def patch_arena(self, patches: PatchSegments) -> IntArray:
        """Arenas of `tinynas.schedule.plan_patch` [S, N, grids]: the patches, then layer by layer.

        The segment's output may lie at either end.  Where a network is too short, or its output
        too small for the grid, the arena is larger than any.
        """
        rest = np.minimum(*self.layer_rests[patches.blocks - 1])
        return np.maximum(patches.arena, rest[..., None])
