"""What every packer promises, and how near the best the two-ended one comes."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from tinynas.schedule.packing import ALIGNMENT, Item, Packer, Packing, Problem, align
from tinynas.schedule.twoended import TwoEndedPacker

PACKERS = [TwoEndedPacker()]


def check(problem: Problem, packing: Packing) -> None:
    """The oracle: looks at all pairs of bytes' owners, knows nothing of the packer."""
    assert len(packing.offsets) == len(problem.items)
    for item, offset in zip(problem.items, packing.offsets, strict=True):
        assert offset % ALIGNMENT == 0
        assert 0 <= offset <= packing.arena_bytes - item.bytes
    for a, b in combinations(range(len(problem.items)), 2):
        x, y = problem.items[a], problem.items[b]
        if x.first > y.last or y.first > x.last:
            continue
        own_a = set(range(packing.offsets[a], packing.offsets[a] + x.bytes))
        own_b = set(range(packing.offsets[b], packing.offsets[b] + y.bytes))
        if own_a & own_b:
            assert (a, b) in problem.relations or (b, a) in problem.relations
            source, out = (a, b) if (a, b) in problem.relations else (b, a)
            moved = packing.offsets[source] - packing.offsets[out]
            assert moved >= problem.relations[source, out]


def random_chain(rng: np.random.Generator, length: int, unit: int = ALIGNMENT) -> Problem:
    """Items each of which is read by the next; most may overlap it, some steps need scratch."""
    sizes = [int(v) * unit for v in rng.integers(1, 6, length)]
    items = [Item(s, max(i - 1, 0), i) for i, s in enumerate(sizes)]
    relations = {
        (i, i + 1): int(rng.integers(-sizes[i] // unit, sizes[i + 1] // unit + 1)) * unit
        for i in range(length - 1)
        if rng.random() < 0.8
    }
    scratch = [Item(unit, i, i) for i in range(length) if rng.random() < 0.3]
    return Problem((*items, *scratch), relations)


def random_problem(rng: np.random.Generator) -> Problem:
    """Items of any life; outputs may overlap what dies when they are born."""
    steps = int(rng.integers(2, 9))
    items = []
    for _ in range(int(rng.integers(2, 14))):
        first = int(rng.integers(0, steps))
        last = min(steps - 1, first + int(rng.integers(0, 4)))
        items.append(Item(int(rng.integers(1, 200)), first, last))
    relations = {}
    for a, b in product(range(len(items)), repeat=2):
        once = items[a].last == items[b].first and items[a].first < items[b].first < items[b].last
        if once and rng.random() < 0.5:
            relations[a, b] = int(rng.integers(-50, items[b].bytes + 1))
    return Problem(tuple(items), relations)


@pytest.mark.parametrize("packer", PACKERS, ids=lambda p: type(p).__name__)
class TestPackers:
    @pytest.mark.parametrize("seed", range(150))
    def test_no_two_live_items_overlap_but_as_permitted(self, packer: Packer, seed: int) -> None:
        problem = random_problem(np.random.default_rng(seed))
        packing = packer.pack(problem)
        check(problem, packing)
        assert problem.lower_bound <= packing.arena_bytes

    @pytest.mark.parametrize("seed", range(100))
    def test_chains(self, packer: Packer, seed: int) -> None:
        problem = random_chain(np.random.default_rng(seed), 12, unit=40)
        packing = packer.pack(problem)
        check(problem, packing)

    def test_nothing_to_place(self, packer: Packer) -> None:
        assert packer.pack(Problem((), {})) == Packing((), 0)

    def test_the_same_problem_has_the_same_answer(self, packer: Packer) -> None:
        problem = random_problem(np.random.default_rng(5))
        assert packer.pack(problem) == packer.pack(problem)


def least_arena(problem: Problem) -> int:
    """The optimum by trying every offset of every item, smallest arena first."""
    arena = align(problem.lower_bound)
    while not _fits(problem, arena, {}):
        arena += ALIGNMENT
    return arena


def _fits(problem: Problem, arena: int, placed: dict[int, int]) -> bool:
    item = len(placed)
    if item == len(problem.items):
        return True
    new = problem.items[item]
    live = [
        i
        for i in placed
        if problem.items[i].first <= new.last and new.first <= problem.items[i].last
    ]
    return any(
        _fits(problem, arena, {**placed, item: offset})
        for offset in range(0, arena - align(new.bytes) + 1, ALIGNMENT)
        if all(problem.compatible(i, placed[i], item, offset) for i in live)
    )


def test_chains_are_packed_almost_as_well_as_possible() -> None:
    """Equal to the optimum by brute force in nine chains of ten, two words more at most."""
    excess = []
    for seed in range(120):
        problem = random_chain(np.random.default_rng(seed), 5)
        excess.append(TwoEndedPacker().pack(problem).arena_bytes - least_arena(problem))
    assert min(excess) >= 0
    assert np.mean(np.array(excess) == 0) >= 0.9
    assert max(excess) <= 2 * ALIGNMENT


def test_the_lower_bound_counts_what_two_items_share() -> None:
    grows = Problem((Item(8, 0, 0), Item(40, 0, 1)), {(0, 1): 28})
    assert grows.lower_bound == 40
    apart = Problem((Item(8, 0, 0), Item(40, 0, 1)), {})
    assert apart.lower_bound == 48
    further = Problem((Item(40, 0, 0), Item(40, 0, 1)), {(0, 1): 12})
    assert further.lower_bound == 52
