"""What each operator computes, vectorised over N inputs.

A kernel is made once for an op (`kernel_of`) and then called for every chunk with the op's
non-constant inputs, arrays [N, ...] of their stored types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import (
    accumulator_bounds,
    add_requantisation,
    bias_of,
    convolution_requantisation,
    fully_connected_requantisation,
    mean_requantisation,
    zero_point_of,
)
from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, FullyConnected, Graph, Mean, Op, Pad
from tinynas.graph.reference.requantise import Requantiser
from tinynas.graph.reference.windows import convolution_sums, depthwise_sums, padded

Kernel: TypeAlias = Callable[..., NDArray[np.generic]]


def kernel_of(graph: Graph, op: Op) -> Kernel:
    """The function that computes `op`."""
    match op.attributes:
        case Conv2D():
            return _convolution(graph, op, op.attributes)
        case DepthwiseConv2D():
            return _depthwise(graph, op, op.attributes)
        case FullyConnected():
            return _fully_connected(graph, op)
        case Add():
            return _add(graph, op)
        case Mean():
            return _mean(graph, op)
        case Pad(padding=padding):
            return _pad(graph, op, padding)


def _convolution(graph: Graph, op: Op, attributes: Conv2D) -> Kernel:
    exact = _exact_float(graph, op)
    weights = _weights(graph, op)
    matrix = weights.reshape(len(weights), -1).T.astype(exact)
    bias = bias_of(graph, op).astype(exact)
    requantise = Requantiser(convolution_requantisation(graph, op))
    zero_point = zero_point_of(graph.tensors[op.inputs[0]])

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        image = padded(x, zero_point, attributes.window, exact)
        return requantise(convolution_sums(image, matrix, bias, attributes.window))

    return kernel


def _depthwise(graph: Graph, op: Op, attributes: DepthwiseConv2D) -> Kernel:
    exact = _exact_float(graph, op)
    taps = _weights(graph, op)[0].astype(exact)
    bias = bias_of(graph, op).astype(exact)
    requantise = Requantiser(convolution_requantisation(graph, op))
    zero_point = zero_point_of(graph.tensors[op.inputs[0]])

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        image = padded(x, zero_point, attributes.window, exact)
        if attributes.multiplier > 1:
            image = np.repeat(image, attributes.multiplier, axis=-1)
        return requantise(depthwise_sums(image, taps, bias, attributes.window))

    return kernel


def _fully_connected(graph: Graph, op: Op) -> Kernel:
    constants = fully_connected_requantisation(graph, op)
    matrix = _weights(graph, op).T.astype(np.float64)
    bias = bias_of(graph, op)
    dtype = graph.tensors[op.outputs[0]].dtype.value

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        rows = x.reshape(-1, len(matrix)).astype(np.float64) - constants.input_zero_point
        return constants.apply((rows @ matrix).astype(np.int64) + bias).astype(dtype)

    return kernel


def _add(graph: Graph, op: Op) -> Kernel:
    constants = add_requantisation(graph, op)
    values = np.arange(-128, 128, dtype=np.int64)
    table = constants.apply(values[:, None], values[None, :]).astype(np.int8).ravel()

    def kernel(x0: NDArray[np.generic], x1: NDArray[np.generic]) -> NDArray[np.generic]:
        # An output depends on two bytes alone, so it is looked up: exact, and far faster.
        index = (x0.astype(np.intp) + 128) * 256
        index += x1.astype(np.intp) + 128
        return table[index]

    return kernel


def _mean(graph: Graph, op: Op) -> Kernel:
    constants = mean_requantisation(graph, op)
    dtype = graph.tensors[op.outputs[0]].dtype.value

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        return constants.apply(x.sum(axis=(1, 2), dtype=np.int64)).astype(dtype)

    return kernel


def _pad(graph: Graph, op: Op, padding: tuple[tuple[int, int], ...]) -> Kernel:
    zero = zero_point_of(graph.tensors[op.outputs[0]])
    return lambda x: np.pad(x, ((0, 0), *padding[1:]), constant_values=zero)


def _weights(graph: Graph, op: Op) -> NDArray[np.int64]:
    """Weights with their zero point taken off."""
    tensor = graph.tensors[op.inputs[1]]
    if tensor.data is None:
        raise ValueError(f"op {op.name}: weights {tensor.name} have no data")
    return tensor.data.astype(np.int64) - zero_point_of(tensor)


def _exact_float(graph: Graph, op: Op) -> type[np.floating[Any]]:
    """The float type in which every partial sum of the op is a whole number it can hold."""
    low, high = accumulator_bounds(graph, op)
    bias = bias_of(graph, op)
    reach = max(int(np.abs(v).max()) for v in (low, high, low - bias, high - bias))
    return np.float32 if reach < 1 << 24 else np.float64
