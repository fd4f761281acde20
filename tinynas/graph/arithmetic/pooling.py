"""Over height and width: MEAN."""

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
from tinynas.graph.ir import Activation, Graph, Op


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
