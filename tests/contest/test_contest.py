"""Who is stopped depends on scores and numbers, not on who is quicker; and as ASHA has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ray.tune.schedulers import ASHAScheduler

from tinynas.contest import RUNGS, Contest, Standing, compete_here, scores_in
from tinynas.errors import CancelledError
from tinynas.progress import Event, Reporter


@dataclass
class Runner:
    """Scores are given; notes in `log` which share it is trained to."""

    scores: tuple[float, ...]
    log: list[float] = field(default_factory=list)

    def train(self, share: float, folder: Path, reporter: Reporter) -> float:
        assert folder.is_dir()
        reporter.raise_if_cancelled()
        reporter.progress(int(100 * share), 100, "images")
        self.log.append(share)
        return self.scores[RUNGS.index(share)]


def contest(*scores: tuple[float, ...], reduction: float = 2.0) -> Contest:
    return Contest(tuple(Runner(s) for s in scores), reduction=reduction)


def table(seed: int, count: int = 8) -> list[tuple[float, ...]]:
    """Scores of contestants, some of them equal."""
    rng = np.random.default_rng(seed)
    return [tuple(float(v) for v in row) for row in rng.integers(0, 6, (count, len(RUNGS))) / 6]


FIVE = [(0.5, 0.6, 0.7), (0.4, 0.9, 0.9), (0.6, 0.6, 0.8), (0.5, 0.9, 0.9), (0.5, 0.5, 0.9)]


def test_who_falls_behind_is_stopped() -> None:
    assert contest(*FIVE).judge(dict(enumerate(FIVE))) == [
        Standing((0.5, 0.6, 0.7), stopped=False),
        Standing((0.4,), stopped=True),
        Standing((0.6, 0.6, 0.8), stopped=False),
        Standing((0.5, 0.9, 0.9), stopped=False),  # the middle of 0.5, 0.4 and 0.6
        Standing((0.5, 0.5), stopped=True),  # the middle of 0.6, 0.6 and 0.9
    ]


def test_the_best_at_the_end_wins_of_equals_the_first() -> None:
    five = contest(*FIVE)
    assert five.winner(five.judge(dict(enumerate(FIVE)))) == 3
    assert contest(*FIVE[:1] * 3).winner([Standing((1, 1, 1), stopped=False)] * 3) == 0


def test_nothing_is_told_before_it_is_known() -> None:
    standings = contest(*FIVE).judge({1: FIVE[1], 2: FIVE[2]})
    assert standings == [Standing((), stopped=False)] * 5


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("reduction", [2.0, 3.0])
def test_it_decides_as_rays_asha_told_in_this_order(seed: int, reduction: float) -> None:
    scores = table(seed)
    asha = ASHAScheduler(metric="score", mode="max", reduction_factor=reduction, max_t=100)
    bracket = asha._brackets[0]
    bracket._rungs = [(1, {}), (0, {})]  # what comes before the last: two rungs, the higher first
    expected = []
    for number, mine in enumerate(scores):
        stopped_at = None
        for rung in range(2):
            trial = SimpleNamespace(trial_id=str(number))
            if bracket.on_result(trial, rung, mine[rung]) == "STOP":
                stopped_at = rung
                break
        expected.append(stopped_at)
    found = contest(*scores, reduction=reduction).judge(dict(enumerate(scores)))
    assert [len(s.scores) - 1 if s.stopped else None for s in found] == expected
    assert any(s.stopped for s in found)


@pytest.mark.parametrize("seed", range(6))
def test_the_order_in_which_scores_come_changes_nothing(seed: int) -> None:
    """A contestant may run ahead of those it is judged by: that does not count."""
    scores, rng = table(seed), np.random.default_rng(seed)
    judged = contest(*scores)
    known: dict[int, list[float]] = {n: [] for n in range(len(scores))}
    told: list[Standing] = judged.judge(known)
    while open_ones := [n for n, mine in known.items() if len(mine) < len(RUNGS)]:
        number = int(rng.choice(open_ones))
        known[number].append(scores[number][len(known[number])])
        standings = judged.judge(known)
        for old, new in zip(told, standings, strict=True):  # what was told stays so
            assert new.scores[: len(old.scores)] == old.scores
            assert new == old or not old.stopped
        told = standings
    assert told == judged.judge(dict(enumerate(scores)))


def test_in_one_process_nobody_trains_beyond_its_end(tmp_path: Path) -> None:
    events: list[Event] = []
    five = contest(*FIVE)
    assert compete_here(five, tmp_path, Reporter("finetune", events.append)) == five.judge(
        dict(enumerate(FIVE))
    )
    trained = [runner.log for runner in five.contestants if isinstance(runner, Runner)]
    assert trained == [[0.25, 0.5, 1.0], [0.25], [0.25, 0.5, 1.0], [0.25, 0.5, 1.0], [0.25, 0.5]]
    done = [e.data["done"] for e in events if e.kind == "progress"]
    assert done == sorted(done)
    assert (done[-1], events[-1].data["total"], events[-1].data["unit"]) == (500, 500, "images")
    told = [e.data["message"] for e in events if e.kind == "log"]
    assert "contestant 1: 0.4000 after 25%, stopped: it fell behind" in told


def test_an_interrupted_contest_goes_on(tmp_path: Path) -> None:
    def after(count: int) -> Callable[[], bool]:
        asked = iter(range(1000))
        return lambda: next(asked) >= count

    five = contest(*FIVE)
    for count in (5, 8):
        with pytest.raises(CancelledError):
            compete_here(five, tmp_path, Reporter("finetune", cancelled=after(count)))
    assert scores_in(tmp_path, 0) == list(FIVE[0])
    standings = compete_here(five, tmp_path, Reporter("finetune"))
    assert standings == five.judge(dict(enumerate(FIVE)))
    runs = [len(r.log) for r in five.contestants if isinstance(r, Runner)]
    assert runs == [3, 1, 3, 3, 2]  # nothing twice
