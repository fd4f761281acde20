"""A packer for networks that are nearly chains: what crosses a cut lies at one end of the arena.

Where one buffer at most is live between two steps, the problem falls into *pieces* that share
nothing but that buffer.  It is placed at the bottom or at the top, so that what follows has one
contiguous rest of the arena; the least arena over all such choices is a shortest path over two
states a cut.  Buffers that a whole piece is live for lie at its ends too, and what is between them
is a problem of its own.  Within a piece every placement is tried whose buffers touch an end, a
neighbour, or the input that they may overlap; for a chain no other placement can be better, because
an output reaches lowest from the highest, and highest from the lowest, input.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from tinynas.schedule.packing import ALIGNMENT, Item, Packing, Problem, align
from tinynas.schedule.pieces import End, Piece, pieces_of

MAX_STATES = 64
"""Placements kept a step; chains need fewer than ten, so the cap only tames irregular graphs."""


State: TypeAlias = dict[int, int]
"""Offsets of the items placed so far, by item."""


class TwoEndedPacker:
    """See the module; time is linear in the number of pieces, each solved by bisection."""

    def pack(self, problem: Problem) -> Packing:
        pieces = pieces_of(problem)
        arena = _least_arena([piece for piece, _ in pieces])
        total = sum(align(item.bytes) for item in problem.items)
        while arena < total:
            placed = _place_all([piece for piece, _ in pieces], arena)
            if placed is not None:
                offsets = {
                    item: offset
                    for (_, members), piece_offsets in zip(pieces, placed, strict=True)
                    for item, offset in zip(members, piece_offsets, strict=True)
                }
                return Packing(tuple(offsets[i] for i in range(len(problem.items))), arena)
            arena += ALIGNMENT  # an irregular piece that fits its own least arena, but not this one
        return _stacked(problem)


def _least_arena(pieces: list[Piece]) -> int:
    """The largest of the pieces' least arenas along the best choice of ends."""
    best: dict[End, int] = dict.fromkeys(End, 0)
    for piece in pieces:
        best = {
            end: min(max(best[start], piece_bytes(piece, start, end)) for start in End)
            for end in End
        }
    return min(best.values())


def _place_all(pieces: list[Piece], arena: int) -> list[tuple[int, ...]] | None:
    """Offsets of every piece's items in `arena`, cuts consistent; None if there are none."""
    paths: dict[End, list[tuple[int, ...]]] = {end: [] for end in End}
    for piece in pieces:
        longer: dict[End, list[tuple[int, ...]]] = {}
        for end in End:
            for start, path in paths.items():
                placed = place(piece, start, end, arena) if end not in longer else None
                if placed is not None:
                    longer[end] = [*path, placed]
        paths = longer
    return next(iter(paths.values()), None)


def _stacked(problem: Problem) -> Packing:
    """Every item beside every other."""
    offsets, end = [], 0
    for item in problem.items:
        offsets.append(end)
        end += align(item.bytes)
    return Packing(tuple(offsets), end)


@lru_cache(maxsize=1 << 16)
def piece_bytes(piece: Piece, start: End, end: End) -> int:
    """The least arena of a piece with its entry at `start` and its exit at `end`.

    Where these would have to lie over each other it is more than all of its items together.
    """
    total = sum(align(item.bytes) for item in piece.items)
    low, high = piece.problem().lower_bound, total + ALIGNMENT
    if place(piece, start, end, low) is not None:
        return low
    if place(piece, start, end, total) is None:
        return high
    while high - low > ALIGNMENT:
        middle = align((low + high) // 2)
        low, high = (middle, high) if place(piece, start, end, middle) is None else (low, middle)
    return high


@lru_cache(maxsize=1 << 12)
def place(piece: Piece, start: End, end: End, arena: int) -> tuple[int, ...] | None:
    """Offsets of a piece's items within `arena` bytes, entry and exit at their ends, or None."""
    spanning = piece.spanning()
    if spanning and piece.exit in spanning:
        return _place_between(piece, spanning, start, end, arena)
    # An output may have to lie beside its kernel's scratch; mostly the scratch finds a place.
    return _search(piece, start, end, arena, turned=False) or _search(
        piece, start, end, arena, turned=True
    )


def _place_between(
    piece: Piece, spanning: list[int], start: End, end: End, arena: int
) -> tuple[int, ...] | None:
    """What is live all the time at the ends, the exit at `end`, and the others between them.

    Moving such a buffer from the middle to an end never costs anything: whatever was between it and
    the end moves by its length, away from nothing that it may overlap.
    """
    if piece.entry is not None and (start is end) != (piece.entry == piece.exit):
        return None
    others = [i for i in range(len(piece.items)) if i not in spanning]
    local = {i: k for k, i in enumerate(others)}
    relations = {(local[a], local[b]): d for a, b, d in piece.relations}
    between = TwoEndedPacker().pack(Problem(tuple(piece.items[i] for i in others), relations))
    offsets = {piece.exit: end.offset(piece.items[piece.exit or 0].bytes, arena)}
    low, high = 0, arena
    for i in spanning:
        size = align(piece.items[i].bytes)
        at_top = (end is End.TOP) == (i == piece.exit)
        high -= size if at_top else 0
        offsets[i] = high if at_top else low
        low += 0 if at_top else size
    if high - low < between.arena_bytes:
        return None
    offsets |= {i: low + between.offsets[k] for i, k in local.items()}
    return tuple(offsets[i] for i in range(len(piece.items)))


def _search(
    piece: Piece, start: End, end: End, arena: int, *, turned: bool
) -> tuple[int, ...] | None:
    """Breadth first over the items in order of birth, forgetting where the dead lay.

    `turned` also tries to place those that are born together in reverse.
    """
    problem = piece.problem()
    fixed = {
        i: at.offset(piece.items[i].bytes, arena)
        for i, at in ((piece.entry, start), (piece.exit, end))
        if i is not None
    }
    if piece.entry is not None and piece.entry == piece.exit and start is not end:
        return None
    states: list[State] = [{}]
    for step in sorted({item.first for item in piece.items}):
        born = [i for i, item in enumerate(piece.items) if item.first == step]
        before = _extremes(states, piece.items, step)
        orders = dict.fromkeys((tuple(born), tuple(reversed(born)) if turned else tuple(born)))
        grown = [_grow(problem, before, step, order, arena, fixed) for order in orders]
        merged = {key: state for more in grown for key, state in more.items()}
        states = list(merged.values())[:MAX_STATES]
    return tuple(states[0][i] for i in range(len(piece.items))) if states else None


def _grow(
    problem: Problem,
    states: list[State],
    step: int,
    order: tuple[int, ...],
    arena: int,
    fixed: State,
) -> dict[tuple[tuple[int, int], ...], State]:
    """`states` with the items of `order` placed one after the other, by what then is alive."""
    reached = {tuple(_alive(s, problem.items, step).items()): s for s in states}
    for item in order:
        before = list(reached.items())[:MAX_STATES]
        reached = {}
        for key, state in before:
            for offset in _candidates(problem, item, dict(key), arena, fixed.get(item)):
                grown = tuple(sorted((*key, (item, offset))))
                reached.setdefault(grown, {**state, item: offset})
    return reached


def _alive(state: State, items: tuple[Item, ...], step: int) -> State:
    return {i: offset for i, offset in state.items() if items[i].last >= step}


def _extremes(states: list[State], items: tuple[Item, ...], step: int) -> list[State]:
    """The lowest and the highest alone, where all that matters is where one buffer lies."""
    alive = [_alive(state, items, step) for state in states]
    if not alive or any(len(live) != 1 for live in alive):
        return states
    at = [next(iter(live.values())) for live in alive]
    return [states[at.index(min(at))], states[at.index(max(at))]]


def _candidates(
    problem: Problem, item: int, live: State, arena: int, fixed: int | None
) -> Iterator[int]:
    """Offsets at which `item` fits among the `live` ones, lowest first."""
    size = align(problem.items[item].bytes)
    if fixed is not None:
        offsets = {fixed}
    else:
        offsets = {0, arena - size}
        for other, offset in live.items():
            offsets |= {offset - size, offset + align(problem.items[other].bytes)}
            if (other, item) in problem.relations:
                offsets.add(offset - align(problem.relations[other, item]))
    for offset in sorted(offsets):
        if 0 <= offset <= arena - size and all(
            problem.compatible(other, at, item, offset) for other, at in live.items()
        ):
            yield offset
