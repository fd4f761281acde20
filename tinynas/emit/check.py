"""What the C kernels can run; everything that they cannot is named before a file is written."""

from __future__ import annotations

from collections.abc import Iterator

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import zero_point_of
from tinynas.graph.ir import (
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    Mul,
    Op,
    lies_in_padding,
)
from tinynas.schedule import Schedule
from tinynas.schedule.windows import window_of

MAX_EXTENT = 65535
"""Rows, columns and channels of a tensor: 16 bits in the operators' descriptors."""
MAX_RANK = 4
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
            allowed="int8 graphs with weights and scales",
            problems=problems,
        )


def _interface_problems(graph: Graph) -> Iterator[str]:
    for role, names in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if not names:
            yield f"it has no {role}"
    if not graph.ops:
        yield "it has no operators"
    for name, tensor in graph.tensors.items():
        if tensor.constant:
            if tensor.data is None:
                yield f"tensor {name}: has no data"
            continue
        if tensor.dtype is not DType.INT8:
            yield f"tensor {name}: {tensor.dtype}, allowed is int8"
        if not 1 <= len(tensor.shape) <= MAX_RANK or tensor.shape[0] != 1:
            yield f"tensor {name}: shape {list(tensor.shape)}, allowed are 1 to 4 sides from 1"
        if not all(1 <= n <= MAX_EXTENT for n in tensor.shape):
            yield f"tensor {name}: shape {list(tensor.shape)}, allowed is 1 to {MAX_EXTENT} a side"
        if tensor.quantisation is None:
            yield f"tensor {name}: has no quantisation parameters"


def _schedule_problems(schedule: Schedule) -> Iterator[str]:
    for buffer in schedule.buffers:
        if buffer.offset < 0 or buffer.offset + buffer.bytes > schedule.arena_bytes:
            yield f"schedule: buffer {buffer.name} leaves the arena of {schedule.arena_bytes} bytes"


def _op_problems(graph: Graph, op: Op) -> Iterator[str]:
    match op.attributes:
        case Conv2D() | DepthwiseConv2D() | FullyConnected():
            yield from _weight_problems(graph, op)
        case Add() | Mul():
            constants = [graph.tensors[n] for n in op.inputs if graph.tensors[n].constant]
            if len(constants) == len(op.inputs):
                yield "both inputs are constant"
            for constant in constants:
                if constant.dtype is not DType.INT8 or len(constant.shape) > MAX_RANK:
                    yield f"constant {constant.name}: {constant.dtype} {list(constant.shape)}"
        case _:
            for name in op.inputs:
                if graph.tensors[name].constant:
                    yield f"constant {name}: allowed are activations"
    window = window_of(op)
    if window is not None and isinstance(op.attributes, AveragePool2D):
        _, rows, columns, _ = graph.tensors[op.inputs[0]].shape
        if lies_in_padding((rows, columns), window):
            yield f"a window lies wholly in the padding {window.padding}, which has no average"
    if window is not None:
        numbers = (*window.kernel, *window.stride, *window.padding)
        if max(numbers) > MAX_KERNEL or min(window.kernel) < 1 or min(window.stride) < 1:
            yield (
                f"kernel {window.kernel}, stride {window.stride}, padding {window.padding}: "
                "8 bits each"
            )


def _weight_problems(graph: Graph, op: Op) -> Iterator[str]:
    weight = graph.tensors[op.inputs[1]]
    if weight.dtype is not DType.INT8:
        yield f"weights {weight.name}: {weight.dtype}, allowed is int8"
    if zero_point_of(weight) != 0:
        yield f"weights {weight.name}: zero point {zero_point_of(weight)}, allowed is 0"
