"""A float network to an int8 graph.

Weights are symmetric with one scale a channel, activations asymmetric with one scale a tensor,
biases int32 with the scale of the accumulator (Jacob et al. 2018, arXiv 1712.05877; LiteRT's
quantisation specification).  The input is fixed by the preprocessing: real = (u8 - 128) / 128.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import accumulator_bounds, scale_of
from tinynas.graph.ir import DepthwiseConv2D, Graph, Op, Quantisation, Tensor
from tinynas.quantise.calibration import calibrate
from tinynas.quantise.estimators import Estimator
from tinynas.quantise.ranges import Range
from tinynas.spaces import NetworkShape, skeleton
from tinynas.supernet import Subnet

INPUT_QUANTISATION = Quantisation((1 / 128,), 0)

_WEIGHT_LIMIT = 127
# A bias this large drowns what its weights add to an 8-bit output, so coarser weights lose nothing;
# and accumulators stay far from the end of int32.
_BIAS_LIMIT = 1 << 26
# A tensor that never leaves a narrow band (a dead channel's, say) gets a range nevertheless.
_SMALLEST_SPAN = 1e-3


def quantise(
    subnet: Subnet,
    images: NDArray[np.uint8],
    *,
    estimator: Estimator | str = Estimator.MINMAX,
    name: str = "network",
) -> Graph:
    """The int8 graph of `subnet`, calibrated on uint8 images [N, H, W, C].

    Tensor names are those of `tinynas.spaces.skeleton`.

    Raises:
        InvalidInputError: the images are of another shape, or the network diverged.
    """
    ranges = calibrate(subnet, images, estimator=Estimator(estimator))
    return quantise_network(subnet.network, subnet.folded(), ranges, name=name)


def quantise_network(
    network: NetworkShape,
    weights: Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
    ranges: Mapping[str, Range],
    *,
    name: str = "network",
) -> Graph:
    """The int8 graph of folded `weights` with activations quantised over `ranges`.

    Args:
        weights: (weight, bias) by the name of the tensor that the op writes.
        ranges: (min, max) by tensor name; the input's is not looked at.
    """
    graph = skeleton(network, name=name)
    tensors = dict(graph.tensors)
    for tensor in graph.tensors.values():
        if not tensor.constant:
            q = INPUT_QUANTISATION
            if tensor.name not in graph.inputs:
                q = activation_quantisation(ranges[tensor.name])
            tensors[tensor.name] = replace(tensor, quantisation=q)
    for op in graph.ops:
        if op.outputs[0] in weights:
            weight, bias = weights[op.outputs[0]]
            for constant in _quantise_constants(op, tensors, weight, bias):
                tensors[constant.name] = constant
    quantised = replace(graph, tensors=tensors)
    for op in graph.ops:
        if op.outputs[0] in weights:
            accumulator_bounds(quantised, op)
    return quantised


def activation_quantisation(values: Range) -> Quantisation:
    """Scale and zero point over `values`, widened to hold 0, which is then exact."""
    low, high = min(values[0], 0.0), max(values[1], 0.0)
    if high - low < _SMALLEST_SPAN:
        high = low + _SMALLEST_SPAN
    scale = float(np.float32((high - low) / 255))
    return Quantisation((scale,), int(np.clip(np.rint(-128 - low / scale), -128, 127)))


def _quantise_constants(
    op: Op,
    tensors: Mapping[str, Tensor],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> tuple[Tensor, Tensor]:
    axis = 3 if isinstance(op.attributes, DepthwiseConv2D) else 0
    in_scale = scale_of(tensors[op.inputs[0]])
    scales = _weight_scales(weight, bias, in_scale, axis)
    along = np.expand_dims(scales, tuple(i for i in range(weight.ndim) if i != axis))
    codes = np.clip(np.rint(weight / along), -_WEIGHT_LIMIT, _WEIGHT_LIMIT).astype(np.int8)
    accumulator_scales = in_scale * scales
    bias_codes = np.rint(bias / accumulator_scales).astype(np.int32)
    bias_scales = accumulator_scales.astype(np.float32).astype(np.float64)
    return (
        replace(
            tensors[op.inputs[1]],
            quantisation=Quantisation(tuple(scales.tolist()), axis=axis),
            data=codes,
        ),
        replace(
            tensors[op.inputs[2]],
            quantisation=Quantisation(tuple(bias_scales.tolist()), axis=0),
            data=bias_codes,
        ),
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
