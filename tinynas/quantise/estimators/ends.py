"""Searching the two ends of a range, for estimators that can rate a range."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from tinynas.quantise.ranges import Range

# Candidates for each end of the range, as shares of what occurred: pairs of coarse ones first,
# since a loss with outliers at both ends has several valleys, then fine ones around the best.
_COARSE = np.linspace(0.2, 1.0, 9).tolist()
_FINE = np.linspace(-0.1, 0.1, 17).tolist()


def best_ends(occurred: Range, loss: Callable[[Range], float]) -> Range:
    """The range of least loss that lies within `occurred`, widened to hold 0."""
    lowest, highest = min(occurred[0], 0.0), max(occurred[1], 0.0)
    low, high = _best(((lowest * a, highest * b) for a in _COARSE for b in _COARSE), loss)
    low, high = _best(((low, b) for b in _around(high, highest)), loss)
    return _best(((a, high) for a in _around(low, lowest)), loss)


def _around(end: float, furthest: float) -> list[float]:
    """Ends a little before and after `end`, none beyond `furthest`."""
    size = abs(furthest)
    return [float(np.clip(end + share * furthest, -size, size)) for share in _FINE]


def _best(ranges: Iterable[Range], loss: Callable[[Range], float]) -> Range:
    rated = {ends: loss(ends) for ends in dict.fromkeys(ranges)}
    return min(rated, key=rated.__getitem__)
