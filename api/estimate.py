"""How long a job may take, by how long the steps of earlier jobs took on this service.

The steps that learn take time in proportion to their work (MACs of a network times images or
networks), so what was measured is scaled by it; of those measured the nearest in work count, since
small networks spend their time on other things than MACs.  All other steps count as they were.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tinynas.effort import PlannedEffort, finetune_images
from tinynas.progress import STEPS

NEAREST = 5
"""Measurements of a step that an estimate is made of, at most."""
History: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]
"""Of each step (seconds, work) of each time that it was worked on, newest first; 0: not known."""


@dataclass(frozen=True)
class StepEstimate:
    """Seconds of one step: the median, the least and the most of `measured` earlier times.

    `measured` is 0 where the request itself says how long it takes.
    """

    step: str
    seconds: float
    low: float
    high: float
    measured: int


@dataclass(frozen=True)
class Estimate:
    """Of the steps that can be estimated; `unknown` are those that cannot."""

    steps: tuple[StepEstimate, ...]
    unknown: tuple[str, ...]


def estimate(
    history: History,
    effort: PlannedEffort,
    macs: float,
    *,
    minutes: float | None = None,
    trained: bool = False,
) -> Estimate:
    """
    Args:
        macs: of a network of the subspace that will be searched, on average.
        minutes: what the supernet's training may take, in place of `effort.train_images`.
        trained: it is done already, and takes no time any more.
    """
    images = effort.train_images
    if minutes is not None:
        images = _images_in(60 * minutes, history, images, macs)
    pieces = {
        "supernet": images,
        "search": effort.evaluations,
        # At most: some finalists are stopped early.
        "finetune": effort.finalists * (effort.finetune_images or finetune_images(images)),
    }
    found, unknown = [], []
    for step in STEPS:
        if step == "supernet" and (trained or minutes is not None):
            told = 0 if trained else 60 * (minutes or 0)
            found.append(StepEstimate(step, told, told, told, 0))
            continue
        times = _times(history.get(step, ()), macs * pieces.get(step, 0))
        if times:
            median = statistics.median(times)
            found.append(StepEstimate(step, median, min(times), max(times), len(times)))
        else:
            unknown.append(step)
    return Estimate(tuple(found), tuple(unknown))


def _times(samples: Sequence[tuple[float, float]], work: float) -> list[float]:
    """What earlier times say of one with this work (0: whatever its work)."""
    if work == 0:
        return [seconds for seconds, _ in samples[:NEAREST]]
    known = [(seconds, done) for seconds, done in samples if done > 0]
    known.sort(key=lambda sample: abs(math.log(sample[1] / work)))
    return [seconds * work / done for seconds, done in known[:NEAREST]]


def _images_in(seconds: float, history: History, default: int, macs: float) -> int:
    """How many images training sees in this time, the default where no pace is known."""
    paces = [s / work for s, work in history.get("supernet", ()) if work > 0]
    pace = statistics.median(paces[:NEAREST]) if paces else 0.0
    return max(1, int(seconds / (pace * macs))) if pace and macs else default
