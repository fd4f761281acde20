"""What each operator computes, vectorised over N inputs.

A kernel is made once for an op (`kernel_of`) and then called for every chunk with the op's
non-constant inputs, arrays [N, ...] of their stored types.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import (
    accumulator_bounds,
    add_requantisation,
    bias_of,
    convolution_requantisation,
    fully_connected_requantisation,
    lookup_table,
    mean_requantisation,
    mul_requantisation,
    softmax_constants,
    zero_point_of,
)
from tinynas.graph.ir import (
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Op,
    Quantize,
    Relu,
    Softmax,
    Tanh,
)
from tinynas.graph.reference.moves import moving_kernel
from tinynas.graph.reference.operands import Kernel, pair_kernel
from tinynas.graph.reference.pools import average_pool, max_pool
from tinynas.graph.reference.requantise import Requantiser
from tinynas.graph.reference.windows import convolution_sums, depthwise_sums, padded


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
            return pair_kernel(graph, op, add_requantisation(graph, op).apply)
        case Mul():
            return pair_kernel(graph, op, mul_requantisation(graph, op).apply)
        case Mean():
            return _mean(graph, op)
        case AveragePool2D(window=window):
            return average_pool(graph, op, window)
        case MaxPool2D(window=window):
            return max_pool(graph, op, window)
        case Relu() | Quantize() | Logistic() | Tanh() | HardSwish():
            return _lookup(graph, op)
        case Softmax():
            return _softmax(graph, op)
        case _:
            return moving_kernel(graph, op)


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


def _mean(graph: Graph, op: Op) -> Kernel:
    constants = mean_requantisation(graph, op)
    dtype = graph.tensors[op.outputs[0]].dtype.value

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        return constants.apply(x.sum(axis=(1, 2), dtype=np.int64)).astype(dtype)

    return kernel


def _lookup(graph: Graph, op: Op) -> Kernel:
    # A table in the order of unsigned bytes, which index without a subtraction.
    table = np.roll(lookup_table(graph, op).values, 128)
    return lambda x: table[x.view(np.uint8)]


def _softmax(graph: Graph, op: Op) -> Kernel:
    constants = softmax_constants(graph, op)
    return lambda x: constants.apply(x.astype(np.int64)).astype(np.int8)


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
