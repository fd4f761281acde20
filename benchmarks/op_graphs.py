"""Networks of one op without a window of weights: fully connected, sums, means and pools.

Random weights, scales that are no simple fractions of each other, as calibration finds them.
"""

from __future__ import annotations

import numpy as np

from tinynas.graph.ir import (
    Activation,
    Add,
    AveragePool2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    MaxPool2D,
    Mean,
    Op,
    Quantisation,
    Tensor,
    Window,
    output_size,
)

_IN, _OUT = Quantisation((0.0213,), 5), Quantisation((0.0307,), -9)


def fully_connected(inputs: int, outputs: int, seed: int = 0) -> Graph:
    """A layer on [1, inputs]; outputs spread over int8."""
    rng = np.random.default_rng(seed)
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.002, 0.006, outputs))
    spread = float(np.float32(45 * 74 * np.sqrt(inputs) * 0.004 * 0.0213 / 40))
    tensors = [
        Tensor("x", (1, inputs), quantisation=_IN),
        *_constants(rng, (outputs, inputs), scales, 0),
        Tensor("y", (1, outputs), quantisation=Quantisation((spread,), -4)),
    ]
    return _graph(tensors, Op("y", FullyConnected(), ("x", "weight", "bias"), ("y",)))


def addition(size: int, channels: int) -> Graph:
    """x + depthwise 1 x 1 of x on [size, size, channels]: the sum is the second op."""
    rng = np.random.default_rng(0)
    shape = (1, size, size, channels)
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.01, 0.03, channels))
    tensors = [
        Tensor("x", shape, quantisation=_IN),
        *_constants(rng, (1, 1, 1, channels), scales, 3),
        Tensor("z", shape, quantisation=Quantisation((0.0317,), -20)),
        Tensor("y", shape, quantisation=Quantisation((0.0405,), 9)),
    ]
    product = Op("z", DepthwiseConv2D(Window((1, 1))), ("x", "weight", "bias"), ("z",))
    return _graph(tensors, product, Op("y", Add(), ("x", "z"), ("y",)))


def mean(size: int, channels: int) -> Graph:
    """Over all of [size, size, channels]."""
    tensors = [
        Tensor("x", (1, size, size, channels), quantisation=_IN),
        Tensor("y", (1, channels), quantisation=_OUT),
    ]
    return _graph(tensors, Op("y", Mean(), ("x",), ("y",)))


def pool(
    size: tuple[int, int],
    channels: int,
    window: Window,
    *,
    largest: bool,
    activation: Activation = Activation.NONE,
) -> Graph:
    """The average or the largest of every window in [*size, channels]."""
    attributes = MaxPool2D(window, activation) if largest else AveragePool2D(window, activation)
    tensors = [
        Tensor("x", (1, *size, channels), quantisation=_IN),
        Tensor("y", (1, *output_size(size, window), channels), quantisation=_IN),
    ]
    return _graph(tensors, Op("y", attributes, ("x",), ("y",)))


def _constants(
    rng: np.random.Generator, shape: tuple[int, ...], scales: tuple[float, ...], axis: int
) -> list[Tensor]:
    taps = int(np.prod(shape)) // len(scales)
    weights = np.clip(np.rint(rng.normal(0, 45, shape)), -127, 127).astype(np.int8)
    bias = np.rint(rng.normal(0, 500 * np.sqrt(taps), len(scales))).astype(np.int32)
    quantisation = Quantisation(scales, axis=axis)
    return [
        Tensor("weight", shape, quantisation=quantisation, constant=True, data=weights),
        Tensor("bias", bias.shape, DType.INT32, constant=True, data=bias),
    ]


def _graph(tensors: list[Tensor], *ops: Op) -> Graph:
    return Graph("one_op", {t.name: t for t in tensors}, ops, ("x",), ("y",))
