"""Fixed-point multiplication as LiteRT's reference kernels do it.

A real multiplier r is stored as `mantissa * 2**(shift - 31)` with a mantissa of 31 bits.  Applying
it rounds twice: a doubling high multiply that rounds half up, then a right shift that rounds half
away from zero (gemmlowp, Jacob et al. 2018, arXiv 1712.05877, section 2.4).  Rounding once is
wrong in up to some percent of the outputs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Activation, DType, Tensor


class FixedPoint(NamedTuple):
    """The real number mantissa * 2**(shift - 31); shift > 0 is a left shift."""

    mantissa: int
    shift: int

    @property
    def real(self) -> float:
        return math.ldexp(self.mantissa, self.shift - 31)


def quantize_multiplier(real: float) -> FixedPoint:
    """The fixed-point number nearest to `real` >= 0, mantissa in [2**30, 2**31).

    Below 2**-32 it is zero, as in LiteRT.

    Raises:
        ValueError: `real` is negative or not finite.
    """
    if not math.isfinite(real) or real < 0:
        raise ValueError(f"a multiplier is finite and not negative, got {real}")
    if real == 0:
        return FixedPoint(0, 0)
    fraction, shift = math.frexp(real)
    mantissa = math.floor(math.ldexp(fraction, 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, shift = mantissa // 2, shift + 1
    return FixedPoint(0, 0) if shift < -31 else FixedPoint(mantissa, shift)


def doubling_high_multiply(
    x: NDArray[np.int64], mantissa: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """floor((x * mantissa + 2**30) / 2**31), for int32 values in int64 arrays."""
    return (x * mantissa + (1 << 30)) >> 31


def rounding_right_shift(x: NDArray[np.int64], bits: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """x / 2**bits, rounded to nearest, ties away from zero."""
    mask = (np.int64(1) << bits) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> bits) + ((x & mask) > threshold)


def multiply_by_quantized_multiplier(
    x: NDArray[np.int64], mantissa: NDArray[np.int64] | int, shift: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """LiteRT's `MultiplyByQuantizedMultiplier` (double rounding), broadcast over its arguments.

    A left shift wraps to 32 bits, as the compiled kernel does: that is reachable for multipliers
    above 1 only, and then only where the output is far out of range.
    """
    shifts = np.asarray(shift, dtype=np.int64)
    x = _wrap32(np.asarray(x, dtype=np.int64) << np.maximum(shifts, 0))
    high = doubling_high_multiply(x, np.asarray(mantissa, dtype=np.int64))
    return rounding_right_shift(high, np.maximum(-shifts, 0))


def _wrap32(x: NDArray[np.int64]) -> NDArray[np.int64]:
    return ((x + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def scale_of(tensor: Tensor) -> float:
    """The float32 scale of a per-tensor quantised tensor, as a float."""
    return float(scales_of(tensor)[0])


def scales_of(tensor: Tensor) -> NDArray[np.float64]:
    """A tensor's float32 scales, widened to float64 as LiteRT widens them.

    Raises:
        ValueError: the tensor has no quantisation parameters.
    """
    if tensor.quantisation is None:
        raise ValueError(f"tensor {tensor.name}: has no quantisation parameters")
    return np.asarray(tensor.quantisation.scale, dtype=np.float32).astype(np.float64)


def zero_point_of(tensor: Tensor) -> int:
    return 0 if tensor.quantisation is None else tensor.quantisation.zero_point


def activation_range(
    activation: Activation, scale: float, zero_point: int, dtype: DType
) -> tuple[int, int]:
    """(minimum, maximum) of an output after its fused activation, in quantised units."""
    limits = np.iinfo(dtype.value)
    minimum, maximum = int(limits.min), int(limits.max)
    if activation is not Activation.NONE:
        minimum = max(minimum, zero_point)
    if activation is Activation.RELU6:
        six = float(np.float32(6.0) / np.float32(scale))
        maximum = min(maximum, zero_point + math.floor(six + 0.5))
    return minimum, maximum


def range_of(tensor: Tensor, activation: Activation) -> tuple[int, int]:
    """`activation_range` for the output tensor of an op."""
    return activation_range(activation, scale_of(tensor), zero_point_of(tensor), tensor.dtype)
