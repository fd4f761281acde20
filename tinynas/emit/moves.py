"""Ops that move bytes and compute nothing."""

from __future__ import annotations

from math import prod

import numpy as np

from tinynas.emit.constants import Words
from tinynas.emit.members import CONSTANTS, Members, ends_of, offset_of
from tinynas.emit.placement import extent
from tinynas.graph.arithmetic import nearest_indices, zero_point_of
from tinynas.graph.ir import Concat, Graph, Pad, ResizeNearest, Transpose
from tinynas.schedule import Schedule


def copy(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """A reshape: the same bytes."""
    op = graph.ops[index]
    size = graph.tensors[op.outputs[0]].elements
    return {**ends_of(schedule, op.inputs, op.outputs), "bytes": size}, None


def concat(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """Blocks before the axis, made of each input's part of one."""
    op = graph.ops[index]
    assert isinstance(op.attributes, Concat)  # noqa: S101
    axis = op.attributes.axis
    shapes = [graph.tensors[name].shape for name in op.inputs]
    parts = [
        (offset_of(schedule, n), prod(s[axis:])) for n, s in zip(op.inputs, shapes, strict=True)
    ]
    members = {
        "output": offset_of(schedule, op.outputs[0]),
        CONSTANTS: "",
        "blocks": prod(shapes[0][:axis]),
        "parts": len(parts),
    }
    return members, np.array(parts, dtype=np.uint32).reshape(-1)


def pad(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """A border of zero points, or of the value that the op names."""
    op = graph.ops[index]
    assert isinstance(op.attributes, Pad)  # noqa: S101
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    before = [0, 0, 0, *(amounts[0] for amounts in op.attributes.padding)][-3:]
    value = op.attributes.value
    members = {
        **ends_of(schedule, op.inputs, op.outputs),
        "input_extents": list(extent(x)),
        "before": before,
        "output_extents": list(extent(out)),
        "value": zero_point_of(out) if value is None else value,
    }
    return members, None


def transpose(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """The output in order, the input in steps."""
    op = graph.ops[index]
    assert isinstance(op.attributes, Transpose)  # noqa: S101
    shape = graph.tensors[op.inputs[0]].shape
    steps = [prod(shape[axis + 1 :]) for axis in op.attributes.permutation]
    members = {
        **ends_of(schedule, op.inputs, op.outputs),
        "steps": [0, 0, 0, *steps][-3:],
        "extents": list(extent(graph.tensors[op.outputs[0]])),
    }
    return members, None


def resize_nearest(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """Offsets of the input's row for each output row, and likewise for columns."""
    op = graph.ops[index]
    assert isinstance(op.attributes, ResizeNearest)  # noqa: S101
    in_rows, in_columns, channels = extent(graph.tensors[op.inputs[0]])
    rows, columns, _ = extent(graph.tensors[op.outputs[0]])
    row_offsets = nearest_indices(op.attributes, in_rows, rows) * in_columns * channels
    column_offsets = nearest_indices(op.attributes, in_columns, columns) * channels
    members = {
        **ends_of(schedule, op.inputs, op.outputs),
        CONSTANTS: "",
        "rows": rows,
        "columns": columns,
        "channels": channels,
    }
    return members, np.concatenate([row_offsets, column_offsets]).astype(np.uint32)
