"""From the accumulators of convolutions and matrix products to int8 outputs.

LiteRT's reference kernels do this in two ways, and they differ in some bytes:

- CONV_2D and DEPTHWISE_CONV_2D: fixed point with two roundings, one multiplier a channel;
- FULLY_CONNECTED: a double-precision product, rounded half away from zero.  For it we find integer
  multipliers which provably give the same bytes for every reachable accumulator, so that a
  microcontroller needs no double arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    range_of,
    scale_of,
    scales_of,
    zero_point_of,
)
from tinynas.graph.arithmetic.stepwise import matching_integers, round_half_away
from tinynas.graph.ir import Conv2D, DepthwiseConv2D, FullyConnected, Graph, Op


@dataclass(frozen=True)
class Requantisation:
    """What CONV_2D and DEPTHWISE_CONV_2D do with the accumulator of channel c.

    acc = bias[c] + sum of weight * (x - input_zero_point), int32; padding contributes nothing.
    a = int32(acc << max(shifts[c], 0));  b = floor((a * multipliers[c] + 2**30) / 2**31);
    d = b / 2**max(-shifts[c], 0), rounded to nearest, ties away from zero;
    y = min(max(d + output_zero_point, minimum), maximum).

    `multipliers` and `shifts` are int32 [C], also where the weights have one scale for all.
    """

    input_zero_point: int
    output_zero_point: int
    minimum: int
    maximum: int
    multipliers: NDArray[np.int32]
    shifts: NDArray[np.int32]

    def apply(self, accumulators: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs [..., C] of accumulators [..., C]."""
        return self.apply_to_channels(accumulators, np.arange(len(self.multipliers)))

    def apply_to_channels(
        self, accumulators: NDArray[np.int64], channels: NDArray[np.intp]
    ) -> NDArray[np.int64]:
        """Outputs of accumulators whose channels are given, the two broadcast."""
        scaled = multiply_by_quantized_multiplier(
            accumulators,
            self.multipliers[channels].astype(np.int64),
            self.shifts[channels].astype(np.int64),
        )
        return np.clip(scaled + self.output_zero_point, self.minimum, self.maximum)


@dataclass(frozen=True)
class FullyConnectedRequantisation:
    """What FULLY_CONNECTED does with the accumulator of channel c.

    acc is as for `Requantisation`.  LiteRT: d = round(double(acc) * scales[c]), half away from
    zero.  The same number in 64-bit integers, for every accumulator the layer can reach:
    d = (acc * multipliers[c] + 2**(shifts[c] - 1) - (acc < 0)) >> shifts[c];
    y = min(max(d + output_zero_point, minimum), maximum) in both.
    """

    input_zero_point: int
    output_zero_point: int
    minimum: int
    maximum: int
    scales: NDArray[np.float64]
    multipliers: NDArray[np.int64]
    shifts: NDArray[np.int32]

    def apply(self, accumulators: NDArray[np.int64]) -> NDArray[np.int64]:
        """Outputs [..., C] of accumulators [..., C]."""
        scaled = round_half_away(accumulators.astype(np.float64) * self.scales)
        return np.clip(scaled + self.output_zero_point, self.minimum, self.maximum)


def effective_scales(graph: Graph, op: Op) -> NDArray[np.float64]:
    """Input scale * weight scale / output scale a channel [C], in LiteRT's order of operations."""
    x, weight, out = (graph.tensors[n] for n in (op.inputs[0], op.inputs[1], op.outputs[0]))
    scales = scale_of(x) * scales_of(weight) / scale_of(out)
    return np.broadcast_to(scales, (out.shape[-1],))


def accumulator_bounds(graph: Graph, op: Op) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(lowest, highest) accumulator that each output channel can reach over all int8 inputs [C].

    Raises:
        ValueError: the weights have no data, or an accumulator can leave int32, where no kernel
            says what happens.
    """
    x, weight = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
    if weight.data is None:
        raise ValueError(f"op {op.name}: weights {weight.name} have no data")
    # Wide enough for int8 weights less their zero point, and no wider: weights are large.
    wide = np.int16 if weight.data.dtype == np.int8 else np.int64
    values: NDArray[np.signedinteger[Any]] = weight.data.astype(wide)
    if zero_point_of(weight):
        values -= zero_point_of(weight)
    by_channel = values.reshape(-1, values.shape[-1]) if _depthwise(op) else _rows(values).T
    limits = np.iinfo(x.dtype.value)
    low_x, high_x = int(limits.min) - zero_point_of(x), int(limits.max) - zero_point_of(x)
    positive = np.maximum(by_channel, 0).sum(axis=0, dtype=np.int64)
    negative = np.minimum(by_channel, 0).sum(axis=0, dtype=np.int64)
    bias = bias_of(graph, op)
    low = np.minimum(positive * low_x + negative * high_x, 0) + bias
    high = np.maximum(positive * high_x + negative * low_x, 0) + bias
    if low.min() < -(1 << 31) or high.max() >= 1 << 31:
        raise ValueError(f"op {op.name}: accumulators reach {low.min()}..{high.max()}, not int32")
    return low, high


def bias_of(graph: Graph, op: Op) -> NDArray[np.int64]:
    """The bias [C] of an op, zeros where it has none."""
    channels = graph.tensors[op.outputs[0]].shape[-1]
    if len(op.inputs) < 3 or not op.inputs[2]:
        return np.zeros(channels, dtype=np.int64)
    data = graph.tensors[op.inputs[2]].data
    if data is None:
        raise ValueError(f"op {op.name}: bias {op.inputs[2]} has no data")
    return data.astype(np.int64)


def convolution_requantisation(graph: Graph, op: Op) -> Requantisation:
    """The constants of a CONV_2D or DEPTHWISE_CONV_2D."""
    assert isinstance(op.attributes, (Conv2D, DepthwiseConv2D))  # noqa: S101
    accumulator_bounds(graph, op)
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    pairs = [quantize_multiplier(float(s)) for s in effective_scales(graph, op)]
    return Requantisation(
        zero_point_of(x),
        zero_point_of(out),
        *range_of(out, op.attributes.activation),
        multipliers=np.array([p.mantissa for p in pairs], dtype=np.int32),
        shifts=np.array([p.shift for p in pairs], dtype=np.int32),
    )


def fully_connected_requantisation(graph: Graph, op: Op) -> FullyConnectedRequantisation:
    """The constants of a FULLY_CONNECTED.

    Raises:
        ValueError: no 64-bit multiplier gives LiteRT's bytes (never seen; scales far from sane).
    """
    assert isinstance(op.attributes, FullyConnected)  # noqa: S101
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    zero_point = zero_point_of(out)
    minimum, maximum = range_of(out, op.attributes.activation)
    scales = effective_scales(graph, op)
    low, high = accumulator_bounds(graph, op)
    pairs = [
        matching_integers(
            float(scale), (int(lo), int(hi)), (minimum - zero_point, maximum - zero_point)
        )
        for scale, lo, hi in zip(scales, low, high, strict=True)
    ]
    return FullyConnectedRequantisation(
        zero_point_of(x),
        zero_point,
        minimum,
        maximum,
        scales=scales,
        multipliers=np.array([multiplier for multiplier, _ in pairs], dtype=np.int64),
        shifts=np.array([shift for _, shift in pairs], dtype=np.int32),
    )


def _depthwise(op: Op) -> bool:
    return isinstance(op.attributes, DepthwiseConv2D)


def _rows(weights: NDArray[np.signedinteger[Any]]) -> NDArray[np.signedinteger[Any]]:
    return weights.reshape(weights.shape[0], -1)
