"""Requantising many accumulators fast, and still exactly.

Integer requantisation takes some ten passes over 64-bit arrays.  A float product decides the
output of all accumulators but those near a tie; only these few go through the integer formula.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import Requantisation

# Above this share of accumulators near a tie the integer formula alone is faster.
_WORTHWHILE = 0.1


class Requantiser:
    """Applies a `Requantisation` to accumulators [..., C] held exactly in float32 or float64.

    Why it is right: let v = acc * multiplier / 2**31.  The fixed-point formula rounds v to an
    integer, which moves it by at most 1/2, and then rounds the quotient by 2**n: so it moves the
    real quotient y by at most 2**-(n + 1) before the last rounding.  The float product is off by
    less than 2**-22 of y, which is 2**-13 at most where the clamp has not cut y anyway.  If y is
    farther than the sum of both from every tie, both round to the same integer.
    """

    def __init__(self, constants: Requantisation) -> None:
        self._constants = constants
        shifts = constants.shifts.astype(np.int64)
        self._real = np.ldexp(constants.multipliers.astype(np.float64), shifts - 31)
        margin = np.ldexp(0.5, np.minimum(shifts, 0)) + 2.0**-13
        self._clear = 0.5 - margin
        self._always_exact = bool((2 * margin > _WORTHWHILE).any() or (shifts > 0).any())

    def __call__(self, accumulators: NDArray[np.floating[Any]]) -> NDArray[np.int8]:
        constants = self._constants
        if self._always_exact:
            return constants.apply(accumulators.astype(np.int64)).astype(np.int8)
        dtype = accumulators.dtype
        real = accumulators * self._real.astype(dtype)
        rounded = np.rint(real)
        real -= rounded
        np.abs(real, out=real)
        unclear = np.flatnonzero(real > self._clear.astype(dtype))
        rounded += dtype.type(constants.output_zero_point)
        np.clip(rounded, constants.minimum, constants.maximum, out=rounded)
        out: NDArray[np.int8] = rounded.astype(np.int8)
        channels = unclear % accumulators.shape[-1]
        exact = accumulators.ravel()[unclear].astype(np.int64)
        out.ravel()[unclear] = constants.apply_to_channels(exact, channels)
        return out
