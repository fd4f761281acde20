"""What the choices of the search space have to do with accuracy; the same rules as the dashboard's.

Epsilon squared (Kelley 1935): the share of the variance of accuracy between the values of one
choice, corrected for how many values there are, over the candidates that have the choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from tinynas.report.data import CandidateData

_FEWEST = 16  # candidates below which no share of variance is worth a bar


@dataclass(frozen=True)
class Importance:
    """`share` of the variance (0 to 1) that the choice `name` explains by itself."""

    name: str
    share: float


def choices_of(architecture: dict[str, Any]) -> dict[str, float]:
    """Every choice by name: `stage 2 depth`, `stage 2 block 1 kernel`, ..."""
    found: dict[str, float] = {}
    if "resolution" in architecture:
        found["resolution"] = architecture["resolution"]
    for i, blocks in enumerate(architecture["stages"], start=1):
        found[f"stage {i} depth"] = len(blocks)
        for j, block in enumerate(blocks, start=1):
            for gene, value in block.items():
                if isinstance(value, int | float):
                    found[f"stage {i} block {j} {gene}"] = value
    return found


def importances(candidates: Iterable[CandidateData]) -> list[Importance]:
    """Every choice that explains anything, most first."""
    groups: defaultdict[str, defaultdict[float, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for candidate in candidates:
        for name, value in choices_of(candidate["architecture"]).items():
            groups[name][value].append(candidate["accuracy"])
    found = [Importance(name, _explained(list(g.values()))) for name, g in groups.items()]
    return sorted((f for f in found if f.share > 0), key=lambda f: -f.share)


def _explained(groups: Sequence[Sequence[float]]) -> float:
    everything = [v for values in groups for v in values]
    count = len(everything)
    if len(groups) < 2 or count < max(_FEWEST, len(groups) + 1):
        return 0.0
    within = sum(_spread(values) for values in groups)
    total = _spread(everything)
    if total == 0:
        return 0.0
    return 1 - within / (count - len(groups)) / (total / (count - 1))


def _spread(values: Sequence[float]) -> float:
    """Sum of squared distances from the mean."""
    mean = fmean(values)
    return sum((v - mean) ** 2 for v in values)
