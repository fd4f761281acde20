"""What the C kernels can run; everything that they cannot is named before a file is written."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import zero_point_of
from tinynas.graph.ir import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    Mean,
    Op,
)
from tinynas.schedule import Schedule, SegmentKind

MAX_EXTENT = 65535
"""Rows, columns and channels of a tensor: 16 bits in the operators' descriptors."""
MAX_KERNEL = 255
"""Rows and columns of a kernel, a stride or a padding: 8 bits."""


def check_emittable(graph: Graph, schedule: Schedule) -> None:
    """Refuse what cannot become C, all of it at once.

    Raises:
        InvalidInputError: names each operator or tensor and what is wrong with it.
    """
    problems = [*_interface_problems(graph), *_schedule_problems(schedule)]
    for op in graph.ops:
        problems += [f"op {op.name} ({op.kind}): {p}" for p in _op_problems(graph, op)]
    if problems:
        raise InvalidInputError(
            "cannot be compiled: " + "; ".join(problems),
            field="graph",
            given=graph.name,
            allowed="int8 graphs of one input and one output with weights and scales",
            problems=problems,
        )


def _interface_problems(graph: Graph) -> Iterator[str]:
    for role, names in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if len(names) != 1:
            yield f"{len(names)} {role}, allowed is one"
    for name, tensor in graph.tensors.items():
        if tensor.constant:
            if tensor.data is None:
                yield f"tensor {name}: has no data"
            continue
        if tensor.dtype is not DType.INT8:
            yield f"tensor {name}: {tensor.dtype}, allowed is int8"
        if len(tensor.shape) not in (2, 4) or tensor.shape[0] != 1:
            yield f"tensor {name}: shape {list(tensor.shape)}, allowed is [1, C] or [1, H, W, C]"
        if not all(1 <= n <= MAX_EXTENT for n in tensor.shape):
            yield f"tensor {name}: shape {list(tensor.shape)}, allowed is 1 to {MAX_EXTENT} a side"
        if tensor.quantisation is None:
            yield f"tensor {name}: has no quantisation parameters"


def _schedule_problems(schedule: Schedule) -> Iterator[str]:
    for segment in schedule.segments:
        if segment.kind is SegmentKind.STREAM:
            yield f"schedule: {segment}, allowed is layer or patch"
    for buffer in schedule.buffers:
        if buffer.offset < 0 or buffer.offset + buffer.bytes > schedule.arena_bytes:
            yield f"schedule: buffer {buffer.name} leaves the arena of {schedule.arena_bytes} bytes"


def _op_problems(graph: Graph, op: Op) -> Iterator[str]:
    match op.attributes:
        case Conv2D(window=w) | DepthwiseConv2D(window=w):
            numbers = (*w.kernel, *w.stride, *w.padding)
            if max(numbers) > MAX_KERNEL or min(w.kernel) < 1 or min(w.stride) < 1:
                yield f"kernel {w.kernel}, stride {w.stride}, padding {w.padding}: 8 bits each"
            yield from _weight_problems(graph, op)
        case FullyConnected():
            yield from _weight_problems(graph, op)
            positions = graph.tensors[op.outputs[0]].shape[:-1]
            if prod(positions) != 1:
                yield f"over positions {list(positions)}, allowed is one"
        case Add():
            shapes = [graph.tensors[n].shape for n in (*op.inputs, *op.outputs)]
            if len(set(shapes)) != 1 or any(graph.tensors[n].constant for n in op.inputs):
                yield f"shapes {shapes}, allowed are two activations of one shape"
        case Mean():
            pass
        case other:
            yield f"no C kernel runs {other}"


def _weight_problems(graph: Graph, op: Op) -> Iterator[str]:
    weight = graph.tensors[op.inputs[1]]
    if weight.dtype is not DType.INT8:
        yield f"weights {weight.name}: {weight.dtype}, allowed is int8"
    if zero_point_of(weight) != 0:
        yield f"weights {weight.name}: zero point {zero_point_of(weight)}, allowed is 0"
