"""RESIZE_NEAREST_NEIGHBOR's coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic.stepwise import round_half_away
from tinynas.graph.ir import ResizeNearest


def nearest_indices(attributes: ResizeNearest, size: int, out_size: int) -> NDArray[np.int64]:
    """For each output row (or column) the input row it copies, int64 [out_size].

    Single precision as in LiteRT: the exact quotients differ from it at some sizes.
    """
    if attributes.align_corners and out_size > 1:
        step = np.float32(size - 1) / np.float32(out_size - 1)
    else:
        step = np.float32(size) / np.float32(out_size)
    offset = np.float32(0.5 if attributes.half_pixel_centers else 0.0)
    position = ((np.arange(out_size, dtype=np.float32) + offset) * step).astype(np.float64)
    nearest = round_half_away(position) if attributes.align_corners else np.floor(position)
    return np.clip(nearest, 0, size - 1).astype(np.int64)
