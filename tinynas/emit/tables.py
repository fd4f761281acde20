"""Ops that look their results up: functions of one byte, and the exponentials of a softmax."""

from __future__ import annotations

import numpy as np

from tinynas.emit.constants import Words
from tinynas.emit.members import CONSTANTS, Members, ends_of
from tinynas.graph.arithmetic import LookupTable, SoftmaxConstants, requantisation
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule


def lookup(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """A function of one byte; its table in the order of unsigned bytes."""
    op = graph.ops[index]
    table = requantisation(graph, op)
    assert isinstance(table, LookupTable)  # noqa: S101
    members = {
        **ends_of(schedule, op.inputs, op.outputs),
        CONSTANTS: "",
        "bytes": graph.tensors[op.outputs[0]].elements,
    }
    return members, np.roll(table.values, 128).view(np.uint32)


def softmax(graph: Graph, schedule: Schedule, index: int) -> tuple[Members, Words | None]:
    """Softmax over the last axis."""
    op = graph.ops[index]
    numbers = requantisation(graph, op)
    assert isinstance(numbers, SoftmaxConstants)  # noqa: S101
    *rows, depth = graph.tensors[op.outputs[0]].shape
    members = {
        **ends_of(schedule, op.inputs, op.outputs),
        CONSTANTS: "",
        "rows": int(np.prod(rows)),
        "depth": depth,
    }
    return members, numbers.exponentials.astype(np.uint32)
