"""The range that a tensor is quantised over, and the histogram of values it is chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Range: TypeAlias = tuple[float, float]
"""(lowest, highest) real value; quantisation widens it to hold 0."""

LEVELS = 256
"""Codes of an int8 tensor."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of values in equal bins between the lowest and the highest that occurred.

    Exact zeros are not counted: 0 is a code in every range, so they speak for none of them, and
    behind a ReLU they are half of all values.
    """

    minimum: float
    maximum: float
    counts: NDArray[np.int64]

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        edges = np.linspace(self.minimum, self.maximum, len(self.counts) + 1)
        return (edges[:-1] + edges[1:]) / 2

    def occupied(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """(centres, counts) from the first bin that holds a value to the last; none if none do."""
        used = np.flatnonzero(self.counts)
        part = slice(used[0], used[-1] + 1) if len(used) else slice(0, 0)
        return self.centres[part], self.counts[part]
