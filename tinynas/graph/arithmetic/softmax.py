"""SOFTMAX on int8, as LiteRT's reference kernel computes it: in 32-bit fixed point.

Qm.n below is an int32 with n fraction bits.  The exponential and the reciprocal are gemmlowp's
(Jacob et al. 2018, arXiv 1712.05877, and the library's fixed-point functions); LiteRT's optimised
kernel uses float tables instead and differs in a few bytes of a million.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic.fixed_point import (
    doubling_high_multiply,
    quantize_multiplier,
    rounding_right_shift,
    scale_of,
    zero_point_of,
)
from tinynas.graph.ir import Graph, Op, Softmax

Ints: TypeAlias = NDArray[np.int64]

# Differences from the largest input are Q5.26, sums of exponentials Q12.19.
_DIFFERENCE_BITS = 26
_SUM_INTEGER_BITS = 12
_ONE = (1 << 31) - 1
MAX_SOFTMAX_DEPTH = (1 << _SUM_INTEGER_BITS) - 1

# exp(-2**k) in Q0.31 for k = -2 .. 4.
_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_48_OVER_17 = 1515870810  # Q2.29
_MINUS_32_OVER_17 = -1010580540  # Q2.29


@dataclass(frozen=True)
class SoftmaxConstants:
    """What SOFTMAX does with the bytes x of one row (the last axis).

    e = exponentials[max(x) - x], Q0.31, zero where LiteRT leaves a byte out of the sum;
    s = sum of e / 2**12, each rounded to nearest, ties away from zero: Q12.19;
    (r, n) = `reciprocal(s)`;
    p = floor((r * e + 2**30) / 2**31);
    y = min(p / 2**(n + 23), rounded likewise, - 128, 127).
    """

    exponentials: NDArray[np.int32]

    def apply(self, x: Ints) -> Ints:
        """Outputs [..., C] of int8 inputs given in int64 arrays [..., C]."""
        exponentials = self.exponentials[x.max(axis=-1, keepdims=True) - x].astype(np.int64)
        sums = rounding_right_shift(exponentials, _SUM_INTEGER_BITS).sum(axis=-1, keepdims=True)
        inverse, exponents = reciprocal(sums)
        share = doubling_high_multiply(inverse, exponentials)
        return np.minimum(rounding_right_shift(share, exponents + 31 - 8) - 128, 127)


def softmax_constants(graph: Graph, op: Op) -> SoftmaxConstants:
    """The constants of a SOFTMAX over the last axis.

    Raises:
        ValueError: its output is not in steps of 1/256 from zero point -128, as LiteRT demands, or
            its rows are so long that their sum can leave 32 bits.
    """
    assert isinstance(op.attributes, Softmax)  # noqa: S101
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if zero_point_of(out) != -128 or abs(scale_of(out) - 1 / 256) > 0.001 / 256:
        raise ValueError(f"op {op.name}: SOFTMAX has output scale 1/256 and zero point -128")
    if x.shape[-1] > MAX_SOFTMAX_DEPTH:
        raise ValueError(f"op {op.name}: SOFTMAX of {x.shape[-1]}, more than {MAX_SOFTMAX_DEPTH}")
    beta = float(np.float32(op.attributes.beta))
    real = min(beta * scale_of(x) * (1 << _DIFFERENCE_BITS), float(_ONE))
    if not real > 1:
        raise ValueError(f"op {op.name}: beta {beta:g} and input scale {scale_of(x):g} are too low")
    mantissa, shift = quantize_multiplier(real)
    farthest = math.floor(31 * (1 << _DIFFERENCE_BITS) / (1 << shift))
    difference = -np.arange(256, dtype=np.int64)
    scaled = doubling_high_multiply(np.maximum(difference, -farthest) << shift, mantissa)
    exponentials = np.where(-difference <= farthest, _exp(scaled), 0)
    return SoftmaxConstants(exponentials.astype(np.int32))


def _exp(x: Ints) -> Ints:
    """exp(x) in Q0.31 for x <= 0 in Q5.26.

    The fraction below a quarter goes through a Taylor series around -1/8; every other bit of x
    multiplies by the exponential of its weight.
    """
    quarter = 1 << (_DIFFERENCE_BITS - 2)
    fraction = (x & (quarter - 1)) - quarter
    a = (fraction << 5) + (1 << 28)
    a2 = doubling_high_multiply(a, a)
    a3, a4 = doubling_high_multiply(a2, a), doubling_high_multiply(a2, a2)
    tail = rounding_right_shift(
        doubling_high_multiply(rounding_right_shift(a4, 2) + a3, _ONE_THIRD) + a2, 1
    )
    result = _EXP_OF_MINUS_EIGHTH + doubling_high_multiply(a + tail, _EXP_OF_MINUS_EIGHTH)
    rest = fraction - x
    for k, factor in enumerate(_EXP_OF_POWERS):
        bit = rest & (quarter << k)
        result = np.where(bit != 0, doubling_high_multiply(result, factor), result)
    return np.where(x == 0, _ONE, result)


def reciprocal(x: Ints) -> tuple[Ints, Ints]:
    """(r, n): 1 / x = r * 2**-n in Q0.31, for sums 0 < x < 2**31 in Q12.19.

    x is normalised to 1/2..1, then three Newton steps find its inverse; r is between 1/2 and 1.
    """
    bits = np.frexp(x.astype(np.float64))[1].astype(np.int64)
    normalised = x << (31 - bits)
    y = _48_OVER_17 + doubling_high_multiply(normalised, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(normalised, y)
        y = y + _saturated(doubling_high_multiply(y, error) << 2)
    return _saturated(y << 1), bits - 31 + _SUM_INTEGER_BITS - 1


def _saturated(x: Ints) -> Ints:
    return np.clip(x, -(1 << 31), _ONE)
