"""The 256 evenly spaced real values that an int8 tensor can hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.quantise.ranges import LEVELS, Range


@dataclass(frozen=True)
class Grid:
    """Values step * (0 - offset) .. step * (255 - offset); `offset` is the level of real 0."""

    step: float
    offset: int

    @classmethod
    def over(cls, values: Range) -> Grid:
        """The grid that spans `values` and has 0 on a level; a step of 0 where both ends are 0."""
        low, high = min(values[0], 0.0), max(values[1], 0.0)
        step = (high - low) / (LEVELS - 1)
        return cls(step, round(-low / step) if step else 0)

    @property
    def range(self) -> Range:
        return -self.offset * self.step, (LEVELS - 1 - self.offset) * self.step

    def levels(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The level nearest to each value, 0 to 255."""
        levels: NDArray[np.float64] = np.rint(values / self.step) + self.offset
        return levels.clip(0, LEVELS - 1)

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The value of the grid nearest to each value."""
        if self.step == 0:
            return np.zeros_like(values)
        return (self.levels(values) - self.offset) * self.step
