"""The int8 network: ops in order, tensors with shapes and quantisation parameters.

The one intermediate form: the planner, the NumPy reference, the exporters and the C generator all
read it, and nothing else says what a network computes.  Operators carry LiteRT's names and
LiteRT's int8 semantics.  Layouts: activations NHWC with N = 1, convolution weights OHWI, depthwise
weights 1HWC, fully connected weights OI.  A graph whose constants have no `data` is a *skeleton*:
good for planning and for counting, not for running.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.attributes import (
    Activation,
    Add,
    Attributes,
    AveragePool2D,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Pad,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Transpose,
    Window,
)

__all__ = [
    "Activation",
    "Add",
    "Attributes",
    "AveragePool2D",
    "Concat",
    "Conv2D",
    "DType",
    "DepthwiseConv2D",
    "Edge",
    "EdgeType",
    "FullyConnected",
    "Graph",
    "HardSwish",
    "Logistic",
    "MaxPool2D",
    "Mean",
    "Mul",
    "Op",
    "Pad",
    "Quantisation",
    "Quantize",
    "Relu",
    "Reshape",
    "ResizeNearest",
    "Signature",
    "Softmax",
    "Tanh",
    "Tensor",
    "Transpose",
    "Window",
    "lies_in_padding",
    "op_macs",
    "output_size",
    "same_padding",
]


class DType(StrEnum):
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"

    @property
    def bytes(self) -> int:
        return int(np.dtype(self.value).itemsize)


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (q - zero_point); one pair a tensor, or one scale a channel of `axis`.

    Scales are float32 values, as a `.tflite` file stores them.  Zero points of a per-channel
    tensor are all zero.
    """

    scale: tuple[float, ...]
    zero_point: int = 0
    axis: int | None = None


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    dtype: DType = DType.INT8
    quantisation: Quantisation | None = None
    constant: bool = False
    data: NDArray[np.generic] | None = field(default=None, compare=False, repr=False)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * self.dtype.bytes


@dataclass(frozen=True)
class Op:
    """One operator.  `inputs` and `outputs` are tensor names; an absent optional input is ''."""

    name: str
    attributes: Attributes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The operator's name in messages, JSON and reports, e.g. `Conv2D`."""
        return type(self.attributes).__name__


class EdgeType(StrEnum):
    """What a model takes and gives at its edges."""

    INT8 = "int8"
    UINT8 = "uint8"
    FLOAT32 = "float32"


@dataclass(frozen=True)
class Edge:
    """One input or output of the model that a graph came from.

    The model calls it `name` and stores it as `dtype` (with `quantisation`, unless it is float);
    the graph's tensor `tensor` is what a QUANTIZE makes of it, or a DEQUANTIZE makes it of.
    """

    name: str
    tensor: str
    dtype: EdgeType
    quantisation: Quantisation | None = None


@dataclass(frozen=True)
class Signature:
    """A model's own inputs and outputs, in its order; see `tinynas.graph.edges`."""

    inputs: tuple[Edge, ...]
    outputs: tuple[Edge, ...]


@dataclass(frozen=True)
class Graph:
    """Ops in execution order over named tensors.

    `signature` is there where the graph came from a model that speaks other types at its edges, or
    in another order.

    Raises:
        ValueError: an op reads a tensor before it is written, or names one that is not there.
    """

    name: str
    tensors: dict[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    signature: Signature | None = None

    def __post_init__(self) -> None:
        known = {n for n, t in self.tensors.items() if t.constant} | set(self.inputs)
        for op in self.ops:
            for name in (*op.inputs, *op.outputs):
                if name and name not in self.tensors:
                    raise ValueError(f"op {op.name}: no tensor named {name!r}")
            missing = [n for n in op.inputs if n and n not in known]
            if missing:
                raise ValueError(f"op {op.name}: reads {missing[0]!r} before it is written")
            known.update(op.outputs)
        lost = [n for n in self.outputs if n not in known]
        if lost:
            raise ValueError(f"graph {self.name}: output {lost[0]!r} is never written")

    def activations_in(self, op: Op) -> Iterator[Tensor]:
        """The non-constant inputs of an op."""
        for name in op.inputs:
            if name and not self.tensors[name].constant:
                yield self.tensors[name]

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of the network computed once."""
        return sum(op_macs(self, op) for op in self.ops)

    @cached_property
    def constant_bytes(self) -> int:
        """Bytes of weights and biases."""
        return sum(t.bytes for t in self.tensors.values() if t.constant)


def op_macs(graph: Graph, op: Op) -> int:
    """Multiply-accumulates of one op over its whole output."""
    out = graph.tensors[op.outputs[0]]
    match op.attributes:
        case Conv2D(window=w):
            return out.elements * prod(w.kernel) * graph.tensors[op.inputs[0]].shape[-1]
        case DepthwiseConv2D(window=w):
            return out.elements * prod(w.kernel)
        case FullyConnected():
            return out.elements * graph.tensors[op.inputs[1]].shape[1]
        case _:
            return 0


def same_padding(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of TensorFlow's SAME: the odd row or column goes bottom right."""
    pads: list[int] = []
    for n, k, s in zip(size, kernel, stride, strict=True):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pads += [total // 2, total - total // 2]
    return pads[0], pads[1], pads[2], pads[3]


def output_size(size: tuple[int, int], window: Window) -> tuple[int, int]:
    """(rows, columns) of a window op's output."""
    top, bottom, left, right = window.padding
    rows = (size[0] + top + bottom - window.kernel[0]) // window.stride[0] + 1
    columns = (size[1] + left + right - window.kernel[1]) // window.stride[1] + 1
    return rows, columns


def lies_in_padding(size: tuple[int, int], window: Window) -> bool:
    """Whether some position of a window over `size` rows and columns meets nothing but padding."""
    outputs, before = output_size(size, window), (window.padding[0], window.padding[2])
    for n, count, first, kernel, stride in zip(
        size, outputs, before, window.kernel, window.stride, strict=True
    ):
        if kernel <= first or (count - 1) * stride - first >= n:
            return True
    return False
