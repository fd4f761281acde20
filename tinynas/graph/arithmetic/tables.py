"""Operators of one int8 input: whatever LiteRT computes, the result is a table of 256 bytes.

RELU, RELU6 and QUANTIZE requantise in fixed point, HARD_SWISH computes in 16-bit fixed point,
LOGISTIC and TANH fill a table in single precision themselves.  So each is evaluated once for every
byte, and no executor needs to know how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic.fixed_point import (
    FixedPoint,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    range_of,
    rounding_right_shift,
    scale_of,
    zero_point_of,
)
from tinynas.graph.arithmetic.stepwise import round_half_away
from tinynas.graph.ir import Graph, HardSwish, Logistic, Op, Quantize, Relu, Tanh, Tensor

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]

_BYTES: Ints = np.arange(-128, 128, dtype=np.int64)
_INT16 = np.iinfo(np.int16)
_LARGEST_SHIFT = 30


@dataclass(frozen=True)
class LookupTable:
    """y = values[x + 128], int8 [256]."""

    values: NDArray[np.int8]

    def apply(self, x: Ints) -> Ints:
        """Outputs of int8 inputs given in int64 arrays."""
        return self.values[x + 128].astype(np.int64)


def lookup_table(graph: Graph, op: Op) -> LookupTable:
    """The table of a RELU, RELU6, QUANTIZE, LOGISTIC, TANH or HARD_SWISH.

    Raises:
        ValueError: the operator is another one, LiteRT refuses these scales, or they are too far
            apart for its fixed-point numbers.
    """
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    match op.attributes:
        case Relu(activation=activation):
            # LiteRT divides these two scales in single precision, those of QUANTIZE in double.
            ratio = float(np.float32(scale_of(x)) / np.float32(scale_of(out)))
            values = np.clip(_rescaled(op, x, out, ratio), *range_of(out, activation))
        case Quantize():
            values = _rescaled(op, x, out, scale_of(x) / scale_of(out))
        case Logistic():
            if scale_of(out) != 1 / 256:
                raise ValueError(f"op {op.name}: LOGISTIC has output scale 1/256, not any other")
            values = _sampled(x, out, _logistic)
        case Tanh():
            values = _sampled(x, out, _tanh)
        case HardSwish():
            values = _hard_swish(op, x, out)
        case _:
            raise ValueError(f"op {op.name}: {op.kind} is no function of one byte")
    return LookupTable(np.clip(values, -128, 127).astype(np.int8))


def _rescaled(op: Op, x: Tensor, out: Tensor, ratio: float) -> Ints:
    factor = quantize_multiplier(ratio)
    if factor.shift > _LARGEST_SHIFT:
        raise ValueError(f"op {op.name}: its input scale is {ratio:g} times its output scale")
    centred = _BYTES - zero_point_of(x)
    return multiply_by_quantized_multiplier(centred, *factor) + zero_point_of(out)


# LiteRT calls expf and tanhf, which round correctly but for a few arguments; so does going through
# double precision, and unlike NumPy's single-precision functions it does so on every machine.


def _tanh(x: Floats) -> Floats:
    return np.tanh(x.astype(np.float64)).astype(np.float32)


def _logistic(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        exponential = np.exp(-x.astype(np.float64)).astype(np.float32)
    one = np.float32(1)
    return one / (one + exponential)


def _sampled(x: Tensor, out: Tensor, function: Callable[[Floats], Floats]) -> Ints:
    """The real function at the 256 inputs, in single precision throughout as LiteRT does it."""
    real = np.float32(scale_of(x)) * (_BYTES - zero_point_of(x)).astype(np.float32)
    inverse_scale = np.float32(1) / np.float32(scale_of(out))
    scaled = function(real) * inverse_scale
    return round_half_away(scaled.astype(np.float64)) + zero_point_of(out)


def _hard_swish(op: Op, x: Tensor, out: Tensor) -> Ints:
    """x * relu6(x + 3) / 6 in 16-bit fixed point.

    `gate` runs from -1 to 1 while the real x runs from -3 to 3, where 1 is 2**15; it saturates
    beyond, and is then moved to 0..1 and multiplied with x on the output's scale.
    """
    fine_scale = np.float32(1 / 128) * np.float32(scale_of(x))
    to_output = quantize_multiplier(float(fine_scale / np.float32(scale_of(out))))
    to_gate = quantize_multiplier(float(fine_scale / np.float32(3 / 32768)))
    if not -15 <= to_output.shift <= 0 or abs(to_gate.shift) > 15:
        raise ValueError(
            f"op {op.name}: HARD_SWISH cannot go from scale {scale_of(x):g} to {scale_of(out):g}"
        )
    fine = (_BYTES - zero_point_of(x)) << 7
    on_output_scale = _high_multiply_16(fine, _high_half(to_output))
    gate = fine
    # The last bit of a left shift comes after the product, so that only it can saturate.
    if to_gate.shift > 0:
        gate = _saturated_16(gate << (to_gate.shift - 1))
    gate = _high_multiply_16(gate, _high_half(to_gate))
    if to_gate.shift > 0:
        gate = _saturated_16(gate << 1)
    gate = rounding_right_shift(gate, max(-to_gate.shift, 0))
    gate = (gate + (1 << 15)) >> 1
    product = gate * on_output_scale
    product = np.sign(product) * (np.abs(product) >> 15)
    return rounding_right_shift(product, -to_output.shift) + zero_point_of(out)


def _high_half(factor: FixedPoint) -> int:
    """The mantissa in 16 bits."""
    return min((factor.mantissa + (1 << 15)) >> 16, int(_INT16.max))


def _high_multiply_16(x: Ints, mantissa: int) -> Ints:
    """x * mantissa / 2**15, rounded half up, for int16 values; the mantissa is not negative."""
    return (x * mantissa + (1 << 14)) >> 15


def _saturated_16(x: Ints) -> Ints:
    return np.clip(x, _INT16.min, _INT16.max)
