"""Rewriting a graph into what a file can say, Graph -> Graph, before it is written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import (
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    DType,
    Graph,
    MaxPool2D,
    Op,
    Pad,
    Tensor,
    Window,
    same_padding,
)

_WINDOWED = (Conv2D, DepthwiseConv2D, AveragePool2D, MaxPool2D)


def require_weights(graph: Graph) -> None:
    """Raises: InvalidInputError: a constant has no data (the graph is a skeleton)."""
    empty = [t.name for t in graph.tensors.values() if t.constant and t.data is None]
    if empty:
        raise InvalidInputError(
            f"graph {graph.name}: constant {empty[0]} has no data, only a graph with weights can "
            "be exported",
            field="graph",
            given=empty[0],
        )


def lowered(graph: Graph) -> Graph:
    """All passes, in the order in which they are meant to run."""
    return express_padding(express_bias(graph))


def express_bias(graph: Graph) -> Graph:
    """A convolution without a bias gets one of zeros: LiteRT's int8 CONV_2D insists on it."""
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for op in graph.ops:
        if isinstance(op.attributes, Conv2D) and not any(op.inputs[2:]):
            name = f"{op.name}.bias"
            zeros = np.zeros(tensors[op.outputs[0]].shape[-1], dtype=np.int32)
            tensors[name] = Tensor(name, zeros.shape, DType.INT32, constant=True, data=zeros)
            op = replace(op, inputs=(*op.inputs[:2], name))
        ops.append(op)
    return replace(graph, tensors=tensors, ops=tuple(ops))


def express_padding(graph: Graph) -> Graph:
    """Padding that is neither SAME nor VALID becomes a PAD of its own before a VALID window.

    Exact: PAD fills with the zero point, which adds nothing to an accumulator, and for a maximum
    with the lowest byte, which never wins.

    Raises:
        ValueError: an average over such a window, which no file can say.
    """
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for op in graph.ops:
        attributes = op.attributes
        x = tensors[op.inputs[0]]
        if isinstance(attributes, _WINDOWED) and not _named(x, attributes.window):
            if isinstance(attributes, AveragePool2D):
                raise ValueError(f"op {op.name}: padding {attributes.window.padding} of an average")
            filler = -128 if isinstance(attributes, MaxPool2D) else None
            pad, wide = _pad(x, attributes.window, f"{op.name}.padded", filler)
            tensors[wide.name] = wide
            valid = replace(attributes.window, padding=(0, 0, 0, 0))
            inputs = (wide.name, *op.inputs[1:])
            ops.append(pad)
            ops.append(replace(op, attributes=replace(attributes, window=valid), inputs=inputs))
        else:
            ops.append(op)
    return replace(graph, tensors=tensors, ops=tuple(ops))


def _named(x: Tensor, window: Window) -> bool:
    """Whether a file can express the window's padding as SAME or VALID."""
    _, rows, columns, _ = x.shape
    same = same_padding((rows, columns), window.kernel, window.stride)
    return window.padding in (same, (0, 0, 0, 0))


def _pad(x: Tensor, window: Window, name: str, filler: int | None) -> tuple[Op, Tensor]:
    top, bottom, left, right = window.padding
    _, rows, columns, channels = x.shape
    wide = replace(x, name=name, shape=(1, top + rows + bottom, left + columns + right, channels))
    padding = ((0, 0), (top, bottom), (left, right), (0, 0))
    return Op(name, Pad(padding, filler), (x.name,), (name,)), wide
