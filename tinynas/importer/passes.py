"""Rewriting an imported graph into a cheaper one with the same bytes, Graph -> Graph."""

from __future__ import annotations

from dataclasses import replace

from tinynas.graph.arithmetic import zero_point_of
from tinynas.graph.ir import (
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    MaxPool2D,
    Op,
    Pad,
    Reshape,
    Tensor,
)
from tinynas.importer.pruning import without_unused
from tinynas.importer.transposes import sink_transposes, turn_weights

_LOWEST = -128


def simplified(graph: Graph, spare_bytes: int) -> Graph:
    """All passes, in the order in which they are meant to run.

    `spare_bytes` is what may be spent on constants in another order.
    """
    graph = sink_transposes(without_unused(graph))
    graph = turn_weights(without_unused(graph), spare_bytes)
    graph = fuse_pads(skip_reshapes(without_unused(graph)))
    return without_unused(graph)


def skip_reshapes(graph: Graph) -> Graph:
    """Read what is before a RESHAPE where the reader does not mind the shape.

    That is another RESHAPE, a FULLY_CONNECTED (which flattens by itself), or any reader where the
    shape stays as it is.
    """
    tensors = graph.tensors
    # What each reshaped tensor was before.
    origin: dict[str, str] = {}
    ops: list[Op] = []
    for op in graph.ops:
        inputs = [
            origin.get(n, n) if _indifferent(op, tensors, origin, n) else n for n in op.inputs
        ]
        op = replace(op, inputs=tuple(inputs))
        if isinstance(op.attributes, Reshape):
            source, out = tensors[op.inputs[0]], tensors[op.outputs[0]]
            if source.quantisation == out.quantisation:
                origin[out.name] = source.name
        ops.append(op)
    return replace(graph, ops=tuple(ops))


def _indifferent(op: Op, tensors: dict[str, Tensor], origin: dict[str, str], name: str) -> bool:
    if name not in origin:
        return False
    if isinstance(op.attributes, FullyConnected):
        # One row: its own flattening then gives what the reshape gave.
        return tensors[name].elements == tensors[op.inputs[1]].shape[1]
    same = tensors[name].shape == tensors[origin[name]].shape
    return same or isinstance(op.attributes, Reshape)


def fuse_pads(graph: Graph) -> Graph:
    """A PAD whose filler the next window would put there itself becomes part of that window.

    That is the zero point before a convolution, and the lowest byte before a maximum.  An average
    divides by the pixels inside, so there it never is.
    """
    pads = {op.outputs[0]: op for op in graph.ops if isinstance(op.attributes, Pad)}
    ops: list[Op] = []
    for op in graph.ops:
        pad = pads.get(op.inputs[0])
        attributes = None if pad is None else _with_pad(graph, pad, op)
        if pad is not None and attributes is not None:
            op = replace(op, attributes=attributes, inputs=(pad.inputs[0], *op.inputs[1:]))
        ops.append(op)
    return replace(graph, ops=tuple(ops))


def _with_pad(graph: Graph, pad: Op, op: Op) -> Attributes | None:
    """`op` over the input of the pad before it; None where that is not the same."""
    attributes = op.attributes
    if not isinstance(attributes, (Conv2D, DepthwiseConv2D, MaxPool2D)):
        return None
    assert isinstance(pad.attributes, Pad)  # noqa: S101
    x, wide = graph.tensors[pad.inputs[0]], graph.tensors[pad.outputs[0]]
    filler = pad.attributes.value
    filler = zero_point_of(wide) if filler is None else filler
    wanted = _LOWEST if isinstance(attributes, MaxPool2D) else zero_point_of(wide)
    window = attributes.window
    _, rows, columns, channels = pad.attributes.padding
    amounts = (*rows, *columns)
    padding = tuple(a + b for a, b in zip(amounts, window.padding, strict=True))
    # A kernel may count on at least one row and column of each window being inside.
    limits = (window.kernel[0], window.kernel[0], window.kernel[1], window.kernel[1])
    fits = all(n < limit for n, limit in zip(padding, limits, strict=True))
    if filler != wanted or any(channels) or x.quantisation != wide.quantisation or not fits:
        return None
    window = replace(window, padding=(padding[0], padding[1], padding[2], padding[3]))
    return replace(attributes, window=window)
