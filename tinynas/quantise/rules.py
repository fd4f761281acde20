"""Which codes, scales and zero points stand for real values.

Weights are symmetric with one scale a channel, activations asymmetric with one scale a tensor,
biases int32 with the scale of the accumulator (Jacob et al. 2018, arXiv 1712.05877; LiteRT's
quantisation specification).  The input is fixed by the preprocessing: real = (u8 - 128) / 128.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Quantisation
from tinynas.quantise.ranges import LEVELS, Range

INPUT_QUANTISATION = Quantisation((1 / 128,), 0)

_WEIGHT_LIMIT = 127
# A bias this large drowns what its weights add to an 8-bit output, so coarser weights lose nothing;
# and accumulators stay far from the end of int32.
_BIAS_LIMIT = 1 << 26
SMALLEST_SPAN = 1e-3
"""A tensor that never leaves a narrow band (a dead channel's, say) gets this range nevertheless."""


def activation_quantisation(values: Range) -> Quantisation:
    """Scale and zero point over `values`, widened to hold 0, which is then exact."""
    low, high = min(values[0], 0.0), max(values[1], 0.0)
    if high - low < SMALLEST_SPAN:
        high = low + SMALLEST_SPAN
    scale = float(np.float32((high - low) / (LEVELS - 1)))
    return Quantisation((scale,), int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def range_of(quantisation: Quantisation) -> Range:
    """The range that `activation_quantisation` turns into exactly this scale and zero point."""
    scale, zero_point = quantisation.scale[0], quantisation.zero_point
    return (-128 - zero_point) * scale, (127 - zero_point) * scale


@dataclass(frozen=True, eq=False)
class Constants:
    """A layer's weights and bias as integers; C output channels along `axis` of the weights.

    `scales` and `bias_scales` are float32 values in float64 arrays [C].
    """

    axis: int
    scales: NDArray[np.float64]
    weight: NDArray[np.int8]
    bias_scales: NDArray[np.float64]
    bias: NDArray[np.int32]

    def real(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(weight, bias) that the integers stand for."""
        weight = self.weight * _along(self.scales, self.weight.ndim, self.axis)
        return weight.astype(np.float32), (self.bias * self.bias_scales).astype(np.float32)


def quantise_constants(
    weight: NDArray[np.float32], bias: NDArray[np.float32], in_scale: float, *, axis: int
) -> Constants:
    """The integers for `weight` and `bias` [C] of a layer whose input has `in_scale`."""
    scales = _weight_scales(weight, bias, in_scale, axis)
    codes = np.rint(weight / _along(scales, weight.ndim, axis))
    accumulator_scales = in_scale * scales
    return Constants(
        axis,
        scales,
        codes.clip(-_WEIGHT_LIMIT, _WEIGHT_LIMIT).astype(np.int8),
        accumulator_scales.astype(np.float32).astype(np.float64),
        np.rint(bias / accumulator_scales).astype(np.int32),
    )


def _weight_scales(
    weight: NDArray[np.float32], bias: NDArray[np.float32], in_scale: float, axis: int
) -> NDArray[np.float64]:
    """One float32 scale a channel, wide enough for its weights and for its bias in int32."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scales = np.abs(weight).max(axis=others).astype(np.float64) / _WEIGHT_LIMIT
    scales = np.maximum(scales, np.abs(bias) / (in_scale * _BIAS_LIMIT))
    # A channel of zeros may have any scale: the layer's largest keeps its multiplier ordinary.
    scales = np.where(scales > 0, scales, scales.max() or 1.0)
    widened = scales.astype(np.float32)
    return widened.astype(np.float64)


def _along(values: NDArray[np.float64], dimensions: int, axis: int) -> NDArray[np.float64]:
    """`values` [C] shaped to broadcast along `axis`."""
    return np.expand_dims(values, tuple(i for i in range(dimensions) if i != axis))
