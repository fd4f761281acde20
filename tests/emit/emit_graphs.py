"""Networks of one op with shapes and scales of one's choice."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tinynas.graph.ir import (
    Activation,
    Add,
    AveragePool2D,
    Conv2D,
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


@dataclass(frozen=True)
class Numbers:
    """Scales and zero points of a one-op network; None: so that outputs spread and few saturate."""

    input_zero_point: int = 3
    output_zero_point: int = -5
    output_scale: float | None = None
    weight_scales: tuple[float, float] = (0.002, 0.01)
    bias: int | None = None


def convolution(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    channels: int,
    window: Window,
    activation: Activation = Activation.NONE,
    numbers: Numbers = Numbers(),
) -> Graph:
    """A convolution of an input [rows, columns, channels] to `channels`."""
    size = output_size(shape[:2], window)
    weights = (channels, *window.kernel, shape[2])
    attributes = Conv2D(window, activation)
    return _product(rng, attributes, (1, *shape), weights, (1, *size, channels), 0, numbers)


def depthwise(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    window: Window,
    multiplier: int = 1,
    activation: Activation = Activation.NONE,
    numbers: Numbers = Numbers(),
) -> Graph:
    """A depthwise convolution of an input [rows, columns, channels]."""
    size = output_size(shape[:2], window)
    channels = shape[2] * multiplier
    weights = (1, *window.kernel, channels)
    attributes = DepthwiseConv2D(window, multiplier, activation)
    return _product(rng, attributes, (1, *shape), weights, (1, *size, channels), 3, numbers)


def fully_connected(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    outputs: int,
    activation: Activation = Activation.NONE,
    numbers: Numbers = Numbers(),
) -> Graph:
    """A fully connected layer on everything in an input [1, *shape]."""
    weights = (outputs, prod(shape))
    attributes = FullyConnected(activation)
    return _product(rng, attributes, (1, *shape), weights, (1, outputs), 0, numbers)


def add(
    shape: tuple[int, int, int], scales: tuple[float, float, float], zero_points: tuple[int, ...]
) -> Graph:
    """x + depthwise 1 x 1 of x, so that both inputs of the sum have a scale of their own."""
    rng = np.random.default_rng(1)
    numbers = Numbers(zero_points[0], zero_points[1], scales[1])
    graph = depthwise(rng, shape, Window((1, 1)), numbers=numbers)
    x = graph.tensors["x"]
    tensors = graph.tensors | {
        "x": Tensor("x", x.shape, quantisation=Quantisation((scales[0],), zero_points[0])),
        "sum": Tensor("sum", x.shape, quantisation=Quantisation((scales[2],), zero_points[2])),
    }
    ops = (*graph.ops, Op("sum", Add(), ("x", "y"), ("sum",)))
    return Graph("sum", tensors, ops, ("x",), ("sum",))


def sum_of_inputs(
    shape: tuple[int, int, int], scales: tuple[float, float, float], zero_points: tuple[int, ...]
) -> Graph:
    """The sum of the two inputs of a network."""
    tensors = {
        name: Tensor(name, (1, *shape), quantisation=Quantisation((scale,), zero_point))
        for name, scale, zero_point in zip(("x0", "x1", "sum"), scales, zero_points, strict=True)
    }
    ops = (Op("sum", Add(), ("x0", "x1"), ("sum",)),)
    return Graph("sum", tensors, ops, ("x0", "x1"), ("sum",))


def pool(
    shape: tuple[int, int, int],
    window: Window,
    *,
    largest: bool,
    activation: Activation = Activation.NONE,
) -> Graph:
    """The average or the largest of every window."""
    attributes = MaxPool2D(window, activation) if largest else AveragePool2D(window, activation)
    quantisation = Quantisation((0.04,), -30)
    tensors = {
        "x": Tensor("x", (1, *shape), quantisation=quantisation),
        "y": Tensor("y", (1, *output_size(shape[:2], window), shape[2]), quantisation=quantisation),
    }
    return Graph("pool", tensors, (Op("y", attributes, ("x",), ("y",)),), ("x",), ("y",))


def mean(shape: tuple[int, int, int], scales: tuple[float, float]) -> Graph:
    """The mean over rows and columns."""
    tensors = {
        "x": Tensor("x", (1, *shape), quantisation=Quantisation((scales[0],), 7)),
        "y": Tensor("y", (1, shape[2]), quantisation=Quantisation((scales[1],), -3)),
    }
    return Graph("mean", tensors, (Op("y", Mean(), ("x",), ("y",)),), ("x",), ("y",))


def _product(
    rng: np.random.Generator,
    attributes: Conv2D | DepthwiseConv2D | FullyConnected,
    in_shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    axis: int,
    numbers: Numbers,
) -> Graph:
    channels = out_shape[-1]
    taps = prod(weight_shape) // channels
    weights = np.clip(np.rint(rng.normal(0, 50, weight_shape)), -127, 127).astype(np.int8)
    if numbers.bias is None:
        bias = np.rint(rng.normal(0, 1000 * np.sqrt(taps), channels)).astype(np.int32)
    else:
        bias = np.full(channels, numbers.bias, dtype=np.int32)
    in_scale = 1 / 128
    scales = tuple(float(np.float32(s)) for s in rng.uniform(*numbers.weight_scales, channels))
    spread = 50 * 74 * np.sqrt(taps) * float(np.mean(scales)) * in_scale / 40
    out_scale = float(np.float32(numbers.output_scale or spread))
    tensors = [
        Tensor("x", in_shape, quantisation=Quantisation((in_scale,), numbers.input_zero_point)),
        Tensor("y", out_shape, quantisation=Quantisation((out_scale,), numbers.output_zero_point)),
        Tensor(
            "y.weight",
            weight_shape,
            quantisation=Quantisation(scales, axis=axis),
            constant=True,
            data=weights,
        ),
        Tensor("y.bias", (channels,), DType.INT32, constant=True, data=bias),
    ]
    op = Op("y", attributes, ("x", "y.weight", "y.bias"), ("y",))
    return Graph("one", {t.name: t for t in tensors}, (op,), ("x",), ("y",))
