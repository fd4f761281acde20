"""The range that leaves out a fixed share of the values."""

from __future__ import annotations

import numpy as np

from tinynas.quantise.ranges import Histogram, Range

_PERCENTILE = 0.9999


def percentile(histogram: Histogram) -> Range:
    """The range that leaves out the same small share of the values at either end."""
    centres, counts = histogram.occupied()
    share = np.cumsum(counts) / counts.sum()
    low = centres[np.searchsorted(share, 1 - _PERCENTILE)]
    high = centres[np.searchsorted(share, _PERCENTILE)]
    return float(low), float(high)
