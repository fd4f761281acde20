"""The ops of a skeleton in torch: NCHW tensors, weights OIHW (depthwise C1HW) or OI.

A skeleton's convolutions are square, and padded as SAME.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tinynas.graph.ir import (
    Add,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    MaxPool2D,
    Mean,
    Op,
)
from tinynas.supernet.layers import channels_last, convolve

_DEPTHWISE_ORDER, _DENSE_ORDER = (3, 0, 1, 2), (0, 3, 1, 2)


def to_torch(op: Op, weight: NDArray[np.float32]) -> Tensor:
    """A copy of an op's weight in torch's layout, stored channels_last."""
    tensor = torch.tensor(weight)
    return channels_last(tensor.permute(_order(op))) if weight.ndim == 4 else tensor


def to_graph(op: Op, weight: Tensor) -> NDArray[np.float32]:
    """A copy of `to_torch`'s weight in the graph's layout."""
    values = weight.detach().numpy()
    if values.ndim == 4:
        values = values.transpose(np.argsort(_order(op)))
    return np.array(values, dtype=np.float32, order="C")


def _order(op: Op) -> tuple[int, ...]:
    return _DEPTHWISE_ORDER if isinstance(op.attributes, DepthwiseConv2D) else _DENSE_ORDER


def weighted_ops(graph: Graph, weights: Mapping[str, Any]) -> Iterator[tuple[str, Op]]:
    """(name of the tensor it writes, op) of the ops that `weights` are for."""
    for op in graph.ops:
        if op.outputs[0] in weights:
            yield op.outputs[0], op


def combine(
    op: Op, inputs: list[Tensor], weight: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    """What `op` computes before its activation function."""
    if weight is not None:
        return _weighted(op, inputs[0], weight, bias)
    match op.attributes:
        case Add():
            return inputs[0] + inputs[1]
        case Mean():
            return inputs[0].mean(dim=(2, 3))
        case Concat(axis=3):
            return torch.cat(inputs, dim=1)
        case MaxPool2D(window=window):
            top, bottom, left, right = window.padding
            padded = functional.pad(inputs[0], (left, right, top, bottom), value=-torch.inf)
            return functional.max_pool2d(padded, window.kernel, window.stride)
        case _:
            raise ValueError(f"op {op.name}: {op.kind} is not an op of a skeleton")


def _weighted(op: Op, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    match op.attributes:
        case Conv2D(window=window):
            y = convolve(x, weight, bias, stride=window.stride[0])
            return channels_last(y)  # of an image with one channel torch would not know
        case DepthwiseConv2D(window=window):
            return convolve(x, weight, bias, stride=window.stride[0], groups=x.shape[1])
        case FullyConnected():
            return functional.linear(x, weight, bias)
        case _:
            raise ValueError(f"op {op.name}: {op.kind} has no weights")
