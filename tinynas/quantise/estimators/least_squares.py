"""The range of least mean squared error (Nagel et al. 2021, arXiv 2106.08295, section 3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.quantise.estimators.ends import best_ends
from tinynas.quantise.estimators.grid import Grid
from tinynas.quantise.ranges import Histogram, Range


def least_squares(histogram: Histogram) -> Range:
    """Rounding and cutting off count alike, by the square of what they change."""
    centres, counts = histogram.occupied()

    def loss(ends: Range) -> float:
        return squared_error(centres, counts, Grid.over(ends))

    return best_ends((float(centres[0]), float(centres[-1])), loss)


def squared_error(centres: NDArray[np.float64], counts: NDArray[np.int64], grid: Grid) -> float:
    """Sum of (value on the grid - value)**2."""
    return float((counts * (grid.rounded(centres) - centres) ** 2).sum())
