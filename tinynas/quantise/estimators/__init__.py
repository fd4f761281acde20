"""Choosing the range that a tensor is quantised over, from a histogram of its values.

A wide range rounds coarsely, a narrow one cuts off.  The estimators differ in what they trade:
nothing (`minmax`), a fixed share of the values (`percentile`), the squared error of rounding and
cutting (`mse`), the information lost (`kl`), or the error with cutting weighed more (`greedy`).
Krishnamoorthi (2018, arXiv 1806.08342) and Nagel et al. (2021, arXiv 2106.08295) compare them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from tinynas.quantise.estimators.divergence import least_divergence
from tinynas.quantise.estimators.greedy import greedy
from tinynas.quantise.estimators.least_squares import least_squares
from tinynas.quantise.estimators.percentile import percentile
from tinynas.quantise.ranges import Histogram, Range

RangeEstimator: TypeAlias = Callable[[Histogram], Range]
"""From a histogram with at least one value to a range."""


class Estimator(StrEnum):
    MINMAX = "minmax"
    PERCENTILE = "percentile"
    MSE = "mse"
    KL = "kl"
    GREEDY = "greedy"


def minmax(histogram: Histogram) -> Range:
    """What occurred."""
    return histogram.minimum, histogram.maximum


_ESTIMATORS: dict[Estimator, RangeEstimator] = {
    Estimator.MINMAX: minmax,
    Estimator.PERCENTILE: percentile,
    Estimator.MSE: least_squares,
    Estimator.KL: least_divergence,
    Estimator.GREEDY: greedy,
}


def choose_range(histogram: Histogram, estimator: Estimator) -> Range:
    """The range that `estimator` picks; what occurred where no value but 0 did.

    Every estimator: lies within what occurred and 0, is 0 at an end beyond which nothing occurred,
    and follows the values when they are scaled or negated.
    """
    if not histogram.counts.any():
        return minmax(histogram)
    return _ESTIMATORS[estimator](histogram)


__all__ = ["Estimator", "RangeEstimator", "choose_range"]
