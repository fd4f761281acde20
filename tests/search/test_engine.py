"""The search: what it refuses, what it repeats, and that processes do not change what it finds."""

from collections.abc import Sequence

import numpy as np
import pytest

from tinynas.devices import Budget, load_device
from tinynas.errors import InvalidInputError, TinynasError
from tinynas.progress import Event, Reporter
from tinynas.request import JobRequest, check_request
from tinynas.search import Feasibility, SearchOutcome, SearchPlan, pareto_front, search
from tinynas.spaces import Architecture, Subspace, load_space

SUBSPACE = Subspace(load_space("tiny"), 0.5, 32)


class LargerIsBetter:
    """An evaluator with a known answer: accuracy grows with every choice, whoever asks."""

    def __init__(self) -> None:
        self.asked: list[Architecture] = []

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        self.asked += architectures
        return [sum(a.row) / 100 for a in architectures]

    def close(self) -> None:
        pass


def feasibility(sram: int = 64 << 10, flash: int = 256 << 10, macs: int | None = None):
    device = load_device("stm32f746xg")
    return Feasibility(SUBSPACE, 10, 3, Budget(sram, flash, macs), device, "all")


def found(evaluations: int = 40, seed: int = 0, **budget: int) -> SearchOutcome:
    return search(
        SUBSPACE,
        feasibility(**budget),
        LargerIsBetter(),
        SearchPlan(evaluations, seed),
        reporter=Reporter(),
    )


def test_no_network_is_measured_twice_and_as_many_as_asked_for() -> None:
    evaluator = LargerIsBetter()
    outcome = search(
        SUBSPACE, feasibility(), evaluator, SearchPlan(37, seed=1), reporter=Reporter()
    )
    assert len(outcome.candidates) == 37
    assert len({a.row for a in evaluator.asked}) == len(evaluator.asked) == 37


def test_what_does_not_fit_is_refused_before_it_is_measured() -> None:
    evaluator = LargerIsBetter()
    tight = feasibility(flash=48 << 10, sram=16 << 10)
    outcome = search(SUBSPACE, tight, evaluator, SearchPlan(20), reporter=Reporter())
    assert outcome.refused > 0
    for candidate in outcome.candidates:
        assert candidate.cost.sram_bytes <= 16 << 10
        assert candidate.cost.flash_bytes <= 48 << 10


@pytest.mark.parametrize("kinds", ["all", "stream"])
def test_an_image_by_rows_is_streamed_and_takes_no_memory(kinds: str) -> None:
    budget, device = Budget(6 << 10, 256 << 10), load_device("stm32f746xg")
    fed = Feasibility(SUBSPACE, 10, 3, budget, device, kinds, fed=True)
    rows = SUBSPACE.space.sample(100, np.random.default_rng(0))
    fits = fed.fitting(rows)
    held = feasibility(sram=budget.sram_bytes).fitting(rows)
    assert fits.sum() > held.sum() > 0
    plan = fed.plan(Architecture.of_rows(SUBSPACE.space, rows[fits])[0])
    assert plan.schedule.fed_by_rows
    assert plan.cost.sram_bytes <= budget.sram_bytes


def test_an_image_by_rows_cannot_be_patched() -> None:
    with pytest.raises(InvalidInputError, match="comes by rows is streamed") as caught:
        check_request(JobRequest("digits", "stm32f411xe", schedules="patch", input="rows"))
    assert caught.value.allowed == ["all", "stream"]
    with pytest.raises(InvalidInputError, match="input is 'columns'"):
        check_request(JobRequest("digits", "stm32f411xe", input="columns"))


def test_a_macs_limit_is_of_the_network_computed_once() -> None:
    candidates = found(macs=1_000_000).candidates
    assert max(candidate.macs for candidate in candidates) <= 1_000_000


def test_the_same_seed_finds_the_same_and_another_something_else() -> None:
    assert found().candidates == found().candidates
    assert found().candidates != found(seed=5).candidates


def test_it_learns_what_is_better() -> None:
    outcome = found(evaluations=80)
    first, last = outcome.candidates[:20], outcome.candidates[-20:]
    assert sum(c.accuracy for c in last) > sum(c.accuracy for c in first)
    assert outcome.best.accuracy == max(c.accuracy for c in outcome.candidates)


def test_nothing_that_fits_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TinynasError, match="raise the budget"):
        found(evaluations=2, sram=1024)


def test_every_candidate_is_told_as_it_comes() -> None:
    events: list[Event] = []
    outcome = search(
        SUBSPACE,
        feasibility(),
        LargerIsBetter(),
        SearchPlan(10),
        reporter=Reporter("search", events.append),
    )
    told = [e.data for e in events if e.kind == "candidate"]
    assert [t["id"] for t in told] == list(range(10))
    assert [t["accuracy"] for t in told] == [c.accuracy for c in outcome.candidates]


def test_nothing_on_the_front_is_beaten() -> None:
    candidates = found().candidates
    front = pareto_front(candidates)
    assert 0 < front.sum() < len(candidates)
    costs = [(c.cost.sram_bytes, c.cost.flash_bytes, c.macs) for c in candidates]
    best = max(
        range(len(candidates)), key=lambda i: (candidates[i].accuracy, [-v for v in costs[i]])
    )
    assert front[best]
    for i, on_front in enumerate(front):
        beaten = any(
            other.accuracy > candidates[i].accuracy
            and all(a <= b for a, b in zip(costs[j], costs[i], strict=True))
            and other.schedule.recomputed_macs <= candidates[i].schedule.recomputed_macs
            for j, other in enumerate(candidates)
        )
        assert not (on_front and beaten)


def test_refusals_say_which_limit_and_by_how_much() -> None:
    events: list[Event] = []
    tight = feasibility(flash=48 << 10, sram=16 << 10)
    outcome = search(
        SUBSPACE,
        tight,
        LargerIsBetter(),
        SearchPlan(20),
        reporter=Reporter("search", events.append),
    )
    told = outcome.refusals
    assert told == [e.data for e in events if e.kind == "refusals"][-1]
    assert told["refused"] == outcome.refused
    assert told["asked"] >= told["refused"] + told["repeated"] + len(outcome.candidates)
    assert set(told["over"]) <= {"sram", "flash"}
    assert max(told["over"].values()) <= told["refused"] <= sum(told["over"].values())
    nearest = told["nearest"][0]
    fit = tight.check(Architecture.from_json(SUBSPACE.space, nearest["architecture"]))
    excess = {"sram": fit.sram_excess, "flash": fit.flash_excess}
    assert {name: amount for name, amount in excess.items() if amount} == nearest["over"]
    shares = [
        max(r["over"].get("sram", 0) / 16, r["over"].get("flash", 0) / 48) for r in told["nearest"]
    ]
    assert shares == sorted(shares)
