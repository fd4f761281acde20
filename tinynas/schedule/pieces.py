"""The pieces of a packing problem between its cuts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinynas.schedule.packing import Item, Problem, align


class End(Enum):
    """Where the buffer that crosses a cut lies."""

    BOTTOM = 0
    TOP = 1

    def offset(self, size: int, arena: int) -> int:
        return 0 if self is End.BOTTOM else arena - align(size)


@dataclass(frozen=True)
class Piece:
    """The steps between two cuts, counted from 0, and the items live in them.

    `entry` and `exit` are the items that cross the cut before and the cut after, None where nothing
    does.  Hashable: equal blocks of a network are solved once.
    """

    items: tuple[Item, ...]
    relations: tuple[tuple[int, int, int], ...]
    entry: int | None
    exit: int | None

    def problem(self) -> Problem:
        return Problem(self.items, {(a, b): d for a, b, d in self.relations})

    def spanning(self) -> list[int]:
        """Items live from the first step to the last that overlap nothing."""
        related = {i for a, b, _ in self.relations for i in (a, b)}
        last = max((item.last for item in self.items), default=0)
        return [
            i
            for i, item in enumerate(self.items)
            if item.first == 0 and item.last == last and i not in related
        ]


def pieces_of(problem: Problem) -> list[tuple[Piece, tuple[int, ...]]]:
    """The pieces in order, each with the problem's indices of its items."""
    pieces: list[tuple[Piece, tuple[int, ...]]] = []
    first, entry = 0, None
    for step, leaving in cuts_of(problem):
        pieces.append(_piece(problem, first, step, entry, leaving))
        first, entry = step + 1, leaving
    return pieces


def cuts_of(problem: Problem) -> list[tuple[int, int | None]]:
    """(last step before the cut, the item that crosses it or None), the end included.

    What is alone in crossing is a cut if it is smaller than the crossings around it: a large buffer
    often has to lie where the overlap with its input puts it, a small one hardly ever.  And it is
    one if it has been there since the last cut, overlapping nothing: then an end is as good as any
    place.
    """
    outputs = {out for _, out in problem.relations}
    crossings = [
        [i for i in problem.live(step) if problem.items[i].last > step]
        for step in range(problem.steps)
    ]
    sizes = [problem.items[over[0]].bytes for over in crossings if len(over) == 1]
    cuts: list[tuple[int, int | None]] = []
    first, seen = 0, 0
    for step, over in enumerate(crossings):
        if len(over) == 1:
            item, size = over[0], sizes[seen]
            small = seen > 0 and size < sizes[seen - 1] and size <= min(sizes[seen : seen + 2])
            idle = problem.items[item].first <= first and item not in outputs
            seen += 1
            if small or idle:
                cuts.append((step, item))
        elif not over:
            cuts.append((step, None))
        first = cuts[-1][0] + 1 if cuts else 0
    return cuts


def _piece(
    problem: Problem, first: int, last: int, entry: int | None, leaving: int | None
) -> tuple[Piece, tuple[int, ...]]:
    members = tuple(
        i for i, item in enumerate(problem.items) if item.first <= last and item.last >= first
    )
    local = {i: k for k, i in enumerate(members)}
    items = tuple(
        Item(item.bytes, max(item.first - first, 0), min(item.last, last) - first)
        for item in (problem.items[i] for i in members)
    )
    relations = tuple(
        (local[a], local[b], d)
        for (a, b), d in sorted(problem.relations.items())
        if b in local and first <= problem.items[b].first
    )
    piece = Piece(
        items,
        relations,
        None if entry is None else local[entry],
        None if leaving is None else local[leaving],
    )
    return piece, members
