"""Over height and width: MEAN, and what pooling leaves to do."""

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
from tinynas.graph.ir import Activation, AveragePool2D, Graph, MaxPool2D, Op


@dataclass(frozen=True)
class MeanRequantisation:
    """What MEAN does with the sum of `count` inputs; F is `multiply_by_quantized_multiplier`.

    s = (sum of x) - input_zero_point * count, int32;
    y = min(max(F(s, factor) + output_zero_point, minimum), maximum).

    `factor` has 1/count worked in with a truncating division, so its mantissa may lie below 2**30.
    """

    count: int
    input_zero_point: int
    output_zero_point: int
    factor: FixedPoint
    minimum: int
    maximum: int

    def apply(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs of sums of int8 inputs."""
        scaled = multiply_by_quantized_multiplier(
            sums - self.input_zero_point * self.count, *self.factor
        )
        return np.clip(scaled + self.output_zero_point, self.minimum, self.maximum)


def mean_requantisation(graph: Graph, op: Op) -> MeanRequantisation:
    """The constants of a MEAN over height and width."""
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    _, rows, columns, _ = x.shape
    minimum, maximum = range_of(out, Activation.NONE)
    return MeanRequantisation(
        count=rows * columns,
        input_zero_point=zero_point_of(x),
        output_zero_point=zero_point_of(out),
        factor=_divided(quantize_multiplier(scale_of(x) / scale_of(out)), rows * columns),
        minimum=minimum,
        maximum=maximum,
    )


def _divided(factor: FixedPoint, count: int) -> FixedPoint:
    """factor / count as LiteRT's `QuantizedMeanOrSum` makes it."""
    shift = min(count.bit_length() - 1, 32, 31 + factor.shift)
    return FixedPoint((factor.mantissa << shift) // count, factor.shift - shift)


@dataclass(frozen=True)
class PoolClamp:
    """What AVERAGE_POOL_2D and MAX_POOL_2D do with a window of stored bytes x.

    AVERAGE: y = (sum of x) / count, to nearest with ties away from zero, count being the window's
    pixels inside the input; MAX: y = max of x, -128 where there is none.
    Either is clamped to minimum..maximum; zero points play no part.
    """

    minimum: int
    maximum: int

    def average(self, sums: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs of sums of int8 inputs, each over `counts` > 0 of them (broadcast)."""
        magnitude = (np.abs(sums) + counts // 2) // counts
        return self.clamp(np.where(sums > 0, magnitude, -magnitude))

    def clamp(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.clip(values, self.minimum, self.maximum)


def pool_clamp(graph: Graph, op: Op) -> PoolClamp:
    """The constants of an AVERAGE_POOL_2D or MAX_POOL_2D."""
    assert isinstance(op.attributes, (AveragePool2D, MaxPool2D))  # noqa: S101
    return PoolClamp(*range_of(graph.tensors[op.outputs[0]], op.attributes.activation))
