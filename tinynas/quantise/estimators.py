"""Choosing the range that a tensor is quantised over, from a histogram of its values.

A wide range rounds coarsely, a narrow one cuts off.  The estimators differ in what they trade:
nothing (`minmax`), a fixed share of the values (`percentile`), or the mean squared error of
rounding and cutting together (`mse`; Krishnamoorthi 2018, arXiv 1806.08342, and Nagel et al. 2021,
arXiv 2106.08295, section 3.1, compare them).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Range: TypeAlias = tuple[float, float]

_PERCENTILE = 0.9999
_LEVELS = 255
# Candidates for each end of the range, as shares of what occurred.
_SHARES = np.linspace(0.2, 1.0, 65)


class Estimator(StrEnum):
    MINMAX = "minmax"
    PERCENTILE = "percentile"
    MSE = "mse"


def choose_range(
    centres: NDArray[np.float64], counts: NDArray[np.int64], estimator: Estimator
) -> Range:
    """The range that `estimator` picks for values counted in bins around `centres`."""
    used = np.flatnonzero(counts)
    centres, counts = centres[used[0] : used[-1] + 1], counts[used[0] : used[-1] + 1]
    match estimator:
        case Estimator.MINMAX:
            return float(centres[0]), float(centres[-1])
        case Estimator.PERCENTILE:
            return _percentile(centres, counts)
        case Estimator.MSE:
            return _least_squares(centres, counts)


def _percentile(centres: NDArray[np.float64], counts: NDArray[np.int64]) -> Range:
    """The range that leaves out the same small share of the values at either end."""
    share = np.cumsum(counts) / counts.sum()
    low = centres[np.searchsorted(share, 1 - _PERCENTILE)]
    high = centres[np.searchsorted(share, _PERCENTILE)]
    return float(low), float(high)


def _least_squares(centres: NDArray[np.float64], counts: NDArray[np.int64]) -> Range:
    """The range of least squared error: each end searched in turn, the other held, twice."""
    low, high = min(float(centres[0]), 0.0), max(float(centres[-1]), 0.0)
    lows, highs = low * _SHARES, high * _SHARES
    for _ in range(2):
        high = float(highs[np.argmin([_squared_error(centres, counts, low, h) for h in highs])])
        low = float(lows[np.argmin([_squared_error(centres, counts, v, high) for v in lows])])
    return low, high


def _squared_error(
    centres: NDArray[np.float64], counts: NDArray[np.int64], low: float, high: float
) -> float:
    step = (high - low) / _LEVELS
    if step == 0:
        return float((counts * centres**2).sum())
    zero = np.rint(-low / step)
    quantised = (np.clip(np.rint(centres / step) + zero, 0, _LEVELS) - zero) * step
    return float((counts * (quantised - centres) ** 2).sum())
