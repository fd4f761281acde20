"""The range that keeps the most information, by Kullback-Leibler divergence.

Migacz, "8-bit inference with TensorRT" (2017), carried over from one threshold for magnitudes to
the two ends of an asymmetric range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.quantise.estimators.ends import best_ends
from tinynas.quantise.estimators.grid import Grid
from tinynas.quantise.ranges import LEVELS, Histogram, Range

# Probability of a bin that the quantised tensor never reaches: no divergence is infinite.
_FLOOR = 1e-12


def least_divergence(histogram: Histogram) -> Range:
    """The range whose quantised distribution diverges least from that of the values."""
    centres, counts = histogram.occupied()

    def loss(ends: Range) -> float:
        return _divergence(centres, counts, ends)

    return best_ends((float(centres[0]), float(centres[-1])), loss)


def _divergence(centres: NDArray[np.float64], counts: NDArray[np.int64], ends: Range) -> float:
    """Of the values (what lies outside counted at the ends) from what the levels can tell.

    A level knows how many values it took, not where in its bins they were: these share them
    evenly.  It knows nothing of the values outside, so cutting off costs.
    """
    inside = np.flatnonzero((centres >= ends[0]) & (centres <= ends[1]))
    if not len(inside):
        return float("inf")
    kept = counts[inside[0] : inside[-1] + 1].astype(np.float64)
    levels = Grid.over(ends).levels(centres[inside]).astype(np.int64)
    occupied = kept > 0
    totals = np.bincount(levels, kept, LEVELS)
    bins = np.bincount(levels, occupied, LEVELS)
    told = np.where(occupied, totals[levels] / np.maximum(bins[levels], 1), 0.0)
    actual = kept.copy()
    actual[0] += counts[: inside[0]].sum()
    actual[-1] += counts[inside[-1] + 1 :].sum()
    p, q = actual / actual.sum(), np.maximum(told / max(told.sum(), 1.0), _FLOOR)
    filled = p > 0
    return float((p[filled] * np.log(p[filled] / q[filled])).sum())
