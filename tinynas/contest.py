"""Trainings that compete: who falls behind is stopped early.

Asynchronous successive halving (ASHA; Li et al., 2018, arXiv:1810.05934): a contestant trains to a
rung, a share of its whole training, and is measured there; it goes on unless it is worse than the
best part of those that came to this rung before it.  "Before" is told here by their numbers, not
by the clock, as one process would come to it that trains them one after the other.  So the same are
stopped whoever is quicker, in one process or in many, and after any interruption.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tinynas.progress import Event, Reporter

RUNGS = (0.25, 0.5, 1.0)
REDUCTION = 2.0
"""One in so many goes on from a rung, where all are equally good."""
SCORES = "scores.json"


class Contestant(Protocol):
    """Picklable."""

    def train(self, share: float, folder: Path, reporter: Reporter) -> float:
        """Train on to a share (0 to 1) of the whole training; the score there, more is better.

        Whatever it finds again when it goes on is in `folder`, which is its own.
        """


@dataclass(frozen=True)
class Standing:
    """A contestant's scores at the rungs it came to; `stopped` where it fell behind at the last."""

    scores: tuple[float, ...]
    stopped: bool


@dataclass(frozen=True)
class Contest:
    """The contestants, by number, and the rungs, shares of a training that end with the whole."""

    contestants: tuple[Contestant, ...]
    rungs: tuple[float, ...] = RUNGS
    reduction: float = REDUCTION

    def judge(self, scores: Mapping[int, Sequence[float]]) -> list[Standing]:
        """Where all stand, as far as it can be told from the scores that are there.

        What a contestant did beyond the rung that it was stopped at does not count.
        """
        count = len(self.contestants)
        passed: list[list[float]] = [[] for _ in range(count)]
        stopped = [False] * count
        for rung in range(len(self.rungs)):
            before: list[float] = []
            for number in range(count):
                if stopped[number]:
                    continue
                mine = scores.get(number, ())
                if len(passed[number]) < rung or len(mine) <= rung:
                    break  # whoever comes after it has to wait for what it does
                score = mine[rung]
                bar = np.percentile(before, 100 * (1 - 1 / self.reduction)) if before else score
                stopped[number] = bool(score < bar) and rung + 1 < len(self.rungs)
                passed[number].append(score)
                before.append(score)
        return [Standing(tuple(p), s) for p, s in zip(passed, stopped, strict=True)]

    def winner(self, standings: Sequence[Standing]) -> int:
        """The best of those that came to the end; of equals the first."""
        ended = [n for n, s in enumerate(standings) if len(s.scores) == len(self.rungs)]
        return max(ended, key=lambda n: (standings[n].scores[-1], -n))

    def advance(self, number: int, rung: int, folder: Path, reporter: Reporter) -> float:
        """A contestant's score at a rung: found in `folder`, or trained for."""
        own = contestant_folder(folder, number)
        own.mkdir(parents=True, exist_ok=True)
        known = scores_in(folder, number)
        if rung < len(known):
            return known[rung]
        score = self.contestants[number].train(self.rungs[rung], own, _numbered(reporter, number))
        partial = own / f".{SCORES}"
        partial.write_text(json.dumps([*known, score]))
        partial.replace(own / SCORES)
        return score


def contestant_folder(folder: Path, number: int) -> Path:
    return folder / f"contestant-{number}"


def scores_in(folder: Path, number: int) -> list[float]:
    """What a contestant reached so far, by rung."""
    file = contestant_folder(folder, number) / SCORES
    return list(json.loads(file.read_text())) if file.is_file() else []


def compete_here(contest: Contest, folder: Path, reporter: Reporter) -> list[Standing]:
    """Hold a contest in this process, one contestant after the other; goes on from `folder`.

    Raises: what the contestants raise.
    """
    tally = Tally(contest, reporter)
    scores: dict[int, list[float]] = {}
    for number in range(len(contest.contestants)):
        mine = scores.setdefault(number, [])
        for rung in range(len(contest.rungs)):
            mine.append(contest.advance(number, rung, folder, tally.reporter))
            tally.settle(standings := contest.judge(scores))
            if standings[number].stopped:
                break
    return contest.judge(scores)


class Tally:
    """Makes one progress of what the contestants say of theirs, and tells the job of the rest."""

    def __init__(self, contest: Contest, reporter: Reporter) -> None:
        self._job, self._contest = reporter, contest
        self._done = [0] * len(contest.contestants)  # of `_total` each
        self._total, self._unit = 1, "trainings"
        self._told: list[Standing] = contest.judge({})
        self.reporter = Reporter(reporter.step, self.hear, reporter.cancelled)

    def hear(self, event: Event) -> None:
        """An event of a contestant, its number in the data."""
        if event.kind == "progress":
            self._total, self._unit = event.data["total"], event.data["unit"]
            self._done[event.data["contestant"]] = event.data["done"]
            self._progress()
        else:
            self._job.listener(event)

    def settle(self, standings: list[Standing]) -> None:
        """Tell what is known since the last time."""
        for number, (old, new) in enumerate(zip(self._told, standings, strict=True)):
            if old == new:
                continue
            share = self._contest.rungs[len(new.scores) - 1]
            ending = ", stopped: it fell behind" if new.stopped else ""
            text = f"contestant {number}: {new.scores[-1]:.4f} after {share:.0%}{ending}"
            self._job.emit("log", message=text)
            if new.stopped or share == self._contest.rungs[-1]:
                self._done[number] = self._total
        self._told = standings
        self._progress()

    def _progress(self) -> None:
        total = self._total * len(self._done)
        self._job.emit("progress", done=sum(self._done), total=total, unit=self._unit)


def _numbered(reporter: Reporter, number: int) -> Reporter:
    """Says who speaks."""

    def listen(event: Event) -> None:
        reporter.listener(Event(event.kind, event.step, {**event.data, "contestant": number}))

    return Reporter(reporter.step, listen, reporter.cancelled)
