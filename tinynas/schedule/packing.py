"""Placing buffers in one arena: the problem, its lower bound, and what a packer promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

ALIGNMENT = 4
"""Every offset is a multiple of it (bytes), so that kernels may load words."""


def align(size: int) -> int:
    """`size` rounded up to the alignment; negative sizes towards zero."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Item:
    """A buffer of `bytes` that is live during steps `first` to `last`, both included."""

    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Problem:
    """Items to place so that those live during a common step do not overlap.

    `relations` excepts pairs (input, output) of items: there the output may also overlap the input
    if `offset(input) - offset(output)` is at least the given distance.  Input and output share
    exactly one step, the input's last and the output's first.
    """

    items: tuple[Item, ...]
    relations: Mapping[tuple[int, int], int]

    @cached_property
    def steps(self) -> int:
        return 1 + max((item.last for item in self.items), default=-1)

    def live(self, step: int) -> list[int]:
        """Items live during `step`, in order."""
        return [i for i, item in enumerate(self.items) if item.first <= step <= item.last]

    @cached_property
    def lower_bound(self) -> int:
        """Bytes that no placement can do with: the most that is live during one step.

        An output that overlaps an input spares what the two can share at most; of several inputs
        it can share with one at a time only as much as it is long.
        """
        return max((self.live_bytes(step) for step in range(self.steps)), default=0)

    def live_bytes(self, step: int) -> int:
        """Bytes live during a step, less what overlapping spares at most."""
        live = self.live(step)
        total = sum(align(self.items[i].bytes) for i in live)
        for out in live:
            if self.items[out].first == step:
                shared = [self._shared(a, out) for a in live if (a, out) in self.relations]
                total -= min(sum(shared), align(self.items[out].bytes))
        return total

    def _shared(self, source: int, out: int) -> int:
        """Bytes that `out` can share with `source`."""
        distance = max(align(self.relations[source, out]), 0)
        a, b = align(self.items[source].bytes), align(self.items[out].bytes)
        return max(a + b - max(b, distance + a), 0)

    def compatible(self, a: int, a_offset: int, b: int, b_offset: int) -> bool:
        """Whether two items that are live together may lie at these offsets."""
        if a_offset + align(self.items[a].bytes) <= b_offset:
            return True
        if b_offset + align(self.items[b].bytes) <= a_offset:
            return True
        if (a, b) in self.relations:
            return a_offset - b_offset >= self.relations[a, b]
        if (b, a) in self.relations:
            return b_offset - a_offset >= self.relations[b, a]
        return False


@dataclass(frozen=True)
class Packing:
    """An offset for every item of a problem, and the bytes that it takes altogether."""

    offsets: tuple[int, ...]
    arena_bytes: int


class Packer(Protocol):
    """Finds offsets.  A packer is deterministic and always finds some; the least is not promised.

    What it finds is checked in the tests by an oracle: no two items that are live together overlap
    but as a relation permits, and no offset is unaligned or outside the arena.
    """

    def pack(self, problem: Problem) -> Packing:
        """A placement with as small an arena as the packer can."""
        ...

    def arena_bytes(self, problem: Problem) -> int:
        """The arena of `pack`, where it is cheaper to know than the offsets."""
        ...
