"""Tile geometry of whole populations: the receptive fields of `tinynas.schedule.windows` as arrays.

The rows that a patch computes follow from kernels and strides alone, so they are the same for all
width multipliers: geometry is solved once a resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Intervals [low, high) along one axis, one for each part of a grid: int [..., parts]."""

    low: IntArray
    high: IntArray

    @classmethod
    def of(cls, size: IntArray, parts: int) -> Parts:
        """`size` [...] positions in parts whose lengths differ by one at most."""
        edges = size[..., None] * np.arange(parts + 1, dtype=np.int64) // parts
        return cls(edges[..., :-1], edges[..., 1:])

    @property
    def longest(self) -> IntArray:
        longest: IntArray = (self.high - self.low).max(axis=-1)
        return longest

    @property
    def computed(self) -> IntArray:
        """Positions of all parts together."""
        computed: IntArray = (self.high - self.low).sum(axis=-1)
        return computed

    @property
    def covered(self) -> IntArray:
        """Positions that some part holds; there are no gaps where no stride exceeds its kernel."""
        return self.high[..., -1] - self.low[..., 0]

    def receptive(self, window: Windows, size: IntArray) -> Parts:
        """What a sliding window reads for these outputs, clipped to the input's `size`."""
        stride, before = window.stride[..., None], window.before(size)[..., None]
        limit = size[..., None]
        low = np.clip(self.low * stride - before, 0, limit)
        high = np.clip((self.high - 1) * stride - before + window.kernel[..., None], 0, limit)
        return Parts(low, high)

    def lead(self, window: Windows, size: IntArray) -> IntArray:
        """By how many rows (or columns) writing runs ahead of reading at worst, over the parts.

        Padding lets the first `before // stride` outputs begin on the input's first row; from then
        on reading is at least as fast as writing.
        """
        still = (window.before(size) // window.stride)[..., None] - self.low
        ahead: IntArray = np.minimum(still, self.high - self.low - 1).max(axis=-1)
        return np.maximum(ahead, 0)


@dataclass(frozen=True)
class Windows:
    """Kernel and stride of sliding windows with SAME padding."""

    kernel: IntArray
    stride: IntArray

    def before(self, size: IntArray) -> IntArray:
        """Padding above (or left of) inputs of `size`, as `tinynas.graph.ir.same_padding`."""
        total = (-(-size // self.stride) - 1) * self.stride + self.kernel - size
        before: IntArray = np.maximum(total, 0) // 2
        return before
