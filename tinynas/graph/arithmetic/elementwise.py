"""Element by element, of two inputs: ADD and MUL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic.fixed_point import (
    FixedPoint,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    range_of,
    scale_of,
    zero_point_of,
)
from tinynas.graph.ir import Add, Graph, Mul, Op

ADD_LEFT_SHIFT = 20


@dataclass(frozen=True)
class AddRequantisation:
    """What ADD does with a pair of inputs; F(v, p) is `multiply_by_quantized_multiplier`.

    a = F((x0 - input_zero_points[0]) << left_shift, inputs[0]);  b likewise of x1;
    y = min(max(F(a + b, output) + output_zero_point, minimum), maximum).

    Every shift is 0 or below.  With m the larger input scale: inputs[i] = scale_i / 2m, output =
    2m / (2**left_shift * output scale).
    """

    input_zero_points: tuple[int, int]
    inputs: tuple[FixedPoint, FixedPoint]
    output: FixedPoint
    output_zero_point: int
    minimum: int
    maximum: int
    left_shift: int = ADD_LEFT_SHIFT

    def apply(self, x0: NDArray[np.int64], x1: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs of int8 inputs given in int64 arrays of one shape."""
        total = self.scaled_input(0, x0) + self.scaled_input(1, x1)
        scaled = multiply_by_quantized_multiplier(total, *self.output)
        return np.clip(scaled + self.output_zero_point, self.minimum, self.maximum)

    def scaled_input(self, index: int, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Input `index` brought to the scale that both inputs are added in."""
        shifted = (x - self.input_zero_points[index]) << self.left_shift
        return multiply_by_quantized_multiplier(shifted, *self.inputs[index])


def add_requantisation(graph: Graph, op: Op) -> AddRequantisation:
    """The constants of an ADD.

    Raises:
        ValueError: the inputs' scale is 2**19 times the output's or more, which LiteRT refuses.
    """
    assert isinstance(op.attributes, Add)  # noqa: S101
    first, second = (graph.tensors[n] for n in op.inputs)
    out = graph.tensors[op.outputs[0]]
    twice_largest = 2.0 * max(scale_of(first), scale_of(second))
    output = twice_largest / ((1 << ADD_LEFT_SHIFT) * scale_of(out))
    if output >= 1:
        raise ValueError(f"op {op.name}: the output scale {scale_of(out)} is too small for ADD")
    minimum, maximum = range_of(out, op.attributes.activation)
    return AddRequantisation(
        input_zero_points=(zero_point_of(first), zero_point_of(second)),
        inputs=(
            quantize_multiplier(scale_of(first) / twice_largest),
            quantize_multiplier(scale_of(second) / twice_largest),
        ),
        output=quantize_multiplier(output),
        output_zero_point=zero_point_of(out),
        minimum=minimum,
        maximum=maximum,
    )


@dataclass(frozen=True)
class MulRequantisation:
    """What MUL does with a pair of inputs; F is `multiply_by_quantized_multiplier`.

    p = (x0 - input_zero_points[0]) * (x1 - input_zero_points[1]);
    y = min(max(F(p, factor) + output_zero_point, minimum), maximum).
    """

    input_zero_points: tuple[int, int]
    factor: FixedPoint
    output_zero_point: int
    minimum: int
    maximum: int

    def apply(self, x0: NDArray[np.int64], x1: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs of int8 inputs given in int64 arrays of one shape."""
        product = (x0 - self.input_zero_points[0]) * (x1 - self.input_zero_points[1])
        scaled = multiply_by_quantized_multiplier(product, *self.factor)
        return np.clip(scaled + self.output_zero_point, self.minimum, self.maximum)


def mul_requantisation(graph: Graph, op: Op) -> MulRequantisation:
    """The constants of a MUL.

    Raises:
        ValueError: the product of the inputs' scales is 2**30 times the output's or more.
    """
    assert isinstance(op.attributes, Mul)  # noqa: S101
    first, second = (graph.tensors[n] for n in op.inputs)
    out = graph.tensors[op.outputs[0]]
    # LiteRT multiplies and divides these scales in single precision.
    ratio = np.float32(scale_of(first)) * np.float32(scale_of(second)) / np.float32(scale_of(out))
    factor = quantize_multiplier(float(ratio))
    if factor.shift > 30:
        raise ValueError(f"op {op.name}: the output scale {scale_of(out)} is too small for MUL")
    minimum, maximum = range_of(out, op.attributes.activation)
    return MulRequantisation(
        input_zero_points=(zero_point_of(first), zero_point_of(second)),
        factor=factor,
        output_zero_point=zero_point_of(out),
        minimum=minimum,
        maximum=maximum,
    )
