"""The last choice, on images that the search has not chosen by.

The best of many measurements is partly the luckiest: on the images it was chosen by, a winner looks
0.4 to 1.7 points better than it is.  So some validation images are kept back, and the first few
are measured on those, with more images for their statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np

from tinynas.data import Split
from tinynas.data.splits import hold_out
from tinynas.search.candidate import Candidate
from tinynas.search.evaluator import EvaluationTask, LocalEvaluator
from tinynas.supernet import Supernet

FINALISTS = 5
SEARCHED = 2000
"""Validation images that the search itself looks at, at most: more cost time and rank little
better."""
FEWEST = 1000
"""Validation images below which none are kept back: halves would say less than the whole."""


@dataclass(frozen=True)
class Finalist:
    """A candidate by its number, its accuracy on the images kept back, and how sure that is."""

    id: int
    accuracy: float
    standard_error: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def keep_back(validation: Split, *, seed: int) -> tuple[Split, Split | None]:
    """(images to search by, images for the last choice); seeded, every class of two images or more
    in both.

    The second is None where there are too few to divide.
    """
    if len(validation) < FEWEST:
        return validation, None
    share = min(SEARCHED / len(validation), 0.5)
    held, searched = hold_out(validation.labels, share, seed=seed)
    return validation.take(searched), validation.take(held)


def standard_error(accuracy: float, images: float) -> float:
    """Of a share of so many independent images (`Split.images_alike`)."""
    return sqrt(accuracy * (1 - accuracy) / images)


def rerank(
    candidates: Sequence[Candidate],
    supernet: Supernet,
    recalibration: np.ndarray,
    held: Split,
    *,
    count: int = FINALISTS,
) -> list[Finalist]:
    """The `count` most accurate candidates by what they reach on `held`, best first; of equals
    the one that is cheaper to compute."""
    order = sorted(candidates, key=lambda c: (-c.accuracy, c.objective("macs"), c.id))[:count]
    task = EvaluationTask(supernet, recalibration, held)
    accuracies = LocalEvaluator(task).evaluate([c.architecture for c in order])
    ranked = sorted(
        zip(accuracies, order, strict=True),
        key=lambda pair: (-pair[0], pair[1].objective("macs"), pair[1].id),
    )
    return [
        Finalist(candidate.id, accuracy, standard_error(accuracy, held.images_alike))
        for accuracy, candidate in ranked
    ]
