"""A greedy walk over step and offset that minimises quantisation loss plus saturation loss.

The post-training scheme of the entry that won the low-power image recognition challenge of 2018
(Feng et al. 2019, arXiv 1903.06791; its authors' group published the two losses as AIMET's
"enhanced" range setting).  The moves of the walk are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tinynas.quantise.estimators.grid import Grid
from tinynas.quantise.ranges import LEVELS, Histogram, Range

# A value cut off is wrong in one direction wherever it occurs; rounding errors cancel out.
_SATURATION_WEIGHT = 3.0
_COARSEST = 0.25
_FINEST = 1 / 512
_LARGEST_SHIFT = 16


def greedy(histogram: Histogram) -> Range:
    """The range of the grid at which the walk ends, starting from what occurred."""
    centres, counts = histogram.occupied()

    def loss(grid: Grid) -> float:
        return quantisation_loss(centres, counts, grid) + _SATURATION_WEIGHT * saturation_loss(
            centres, counts, grid
        )

    return _walk(Grid.over((float(centres[0]), float(centres[-1]))), loss).range


def quantisation_loss(centres: NDArray[np.float64], counts: NDArray[np.int64], grid: Grid) -> float:
    """Sum of squared rounding errors of the values within the grid's ends."""
    low, high = grid.range
    errors = np.where((centres >= low) & (centres <= high), grid.rounded(centres) - centres, 0.0)
    return float((counts * errors**2).sum())


def saturation_loss(centres: NDArray[np.float64], counts: NDArray[np.int64], grid: Grid) -> float:
    """Sum of squared distances of the values beyond the grid's ends from these."""
    low, high = grid.range
    return float((counts * (np.clip(centres, low, high) - centres) ** 2).sum())


def _walk(grid: Grid, loss: Callable[[Grid], float]) -> Grid:
    """The best neighbour again and again; smaller moves once none is better."""
    if grid.step == 0:
        return grid
    least, move = loss(grid), _COARSEST
    while move >= _FINEST:
        losses = {candidate: loss(candidate) for candidate in _neighbours(grid, move)}
        best = min(losses, key=losses.__getitem__)
        if losses[best] < least:
            grid, least = best, losses[best]
        else:
            move /= 2
    return grid


def _neighbours(grid: Grid, move: float) -> Iterator[Grid]:
    yield Grid(grid.step / (1 + move), grid.offset)
    yield Grid(grid.step * (1 + move), grid.offset)
    shift = max(1, round(_LARGEST_SHIFT * move / _COARSEST))
    for offset in (grid.offset - shift, grid.offset + shift):
        yield Grid(grid.step, min(max(offset, 0), LEVELS - 1))
