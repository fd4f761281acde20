"""Ops of two inputs that broadcast, of which one may be constant."""

from __future__ import annotations

import numpy as np

from tinynas.cost.layout import padded
from tinynas.emit.constants import Words
from tinynas.emit.members import CONSTANTS, Members, offset_of
from tinynas.emit.placement import extent
from tinynas.graph.arithmetic import (
    AddRequantisation,
    FixedPoint,
    MulRequantisation,
    requantisation,
)
from tinynas.graph.ir import Graph, Tensor
from tinynas.schedule import Schedule

_NO_CONSTANT = 2
_UNUSED = FixedPoint(0, 0)


def broadcast_add(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """A sum."""
    numbers = requantisation(graph, graph.ops[index])
    assert isinstance(numbers, AddRequantisation)  # noqa: S101
    return _broadcast(graph, schedule, index, numbers, (*numbers.inputs, numbers.output))


def mul(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """A product."""
    numbers = requantisation(graph, graph.ops[index])
    assert isinstance(numbers, MulRequantisation)  # noqa: S101
    return _broadcast(graph, schedule, index, numbers, (_UNUSED, _UNUSED, numbers.factor))


def _broadcast(
    graph: Graph,
    schedule: Schedule,
    index: int,
    numbers: AddRequantisation | MulRequantisation,
    factors: tuple[FixedPoint, ...],
) -> tuple[Members, Words | None]:
    op = graph.ops[index]
    inputs = [graph.tensors[name] for name in op.inputs]
    constant = next((i for i, t in enumerate(inputs) if t.constant), _NO_CONSTANT)
    members = {
        "inputs": [0 if t.constant else offset_of(schedule, t.name) for t in inputs],
        "output": offset_of(schedule, op.outputs[0]),
        CONSTANTS: "NULL",
        "steps": [_steps(t) for t in inputs],
        "multipliers": [factor.mantissa for factor in factors],
        "extents": list(extent(graph.tensors[op.outputs[0]])),
        "zero_points": [*numbers.input_zero_points, numbers.output_zero_point],
        "rights": [-1 - factor.shift for factor in factors],
        "minimum": numbers.minimum,
        "maximum": numbers.maximum,
        "constant": constant,
    }
    return members, None if constant == _NO_CONSTANT else _bytes(inputs[constant])


def _steps(tensor: Tensor) -> list[int]:
    """Bytes from one to the next along each of the last three dimensions; 0 where it repeats."""
    rows, columns, channels = extent(tensor)
    steps = (columns * channels, channels, 1)
    return [0 if n == 1 else step for n, step in zip((rows, columns, channels), steps, strict=True)]


def _bytes(tensor: Tensor) -> Words:
    assert tensor.data is not None  # noqa: S101 - `check_emittable` has seen to it
    flat = tensor.data.astype(np.int8).reshape(-1)
    return np.pad(flat, (0, padded(flat.size) - flat.size)).view(np.uint32)
