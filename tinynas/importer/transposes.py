"""Getting rid of TRANSPOSE: exporters of NCHW models wrap every convolution in a pair of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np

from tinynas.graph.ir import (
    Add,
    Attributes,
    Concat,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    Mul,
    Op,
    Pad,
    Quantize,
    Relu,
    Reshape,
    Tanh,
    Tensor,
    Transpose,
)
from tinynas.importer.pruning import without_unused

Permutation: TypeAlias = tuple[int, ...]

# Operators that treat every element alike, so that they may come before a TRANSPOSE as well.
_ELEMENTWISE = (Relu, Quantize, Logistic, Tanh, HardSwish, Add, Mul)


def sink_transposes(graph: Graph) -> Graph:
    """Move each TRANSPOSE behind the operators that do not mind, until it meets its inverse.

    The graph stays as it was if that would leave more bytes to transpose, or as many.
    """
    sunk = without_unused(_Sinking(graph).graph())
    return sunk if _transposed_bytes(sunk) < _transposed_bytes(graph) else graph


def turn_weights(graph: Graph, spare_bytes: int) -> Graph:
    """A FULLY_CONNECTED reads what is before a TRANSPOSE, its weights transposed instead.

    At most `spare_bytes` are spent on such weights, for a file may use the same ones many times.
    """
    tensors = dict(graph.tensors)
    written = {op.outputs[0]: op for op in graph.ops}
    ops: list[Op] = []
    for op in graph.ops:
        turn = _turn_before(graph, written, op)
        if turn is not None and tensors[op.inputs[1]].bytes <= spare_bytes:
            weights = _turned(tensors[op.inputs[1]], graph.tensors[turn.outputs[0]], turn)
            spare_bytes -= weights.bytes
            name = f"{op.outputs[0]}.turned_weight"
            tensors[name] = replace(weights, name=name)
            op = replace(op, inputs=(turn.inputs[0], name, *op.inputs[2:]))
        ops.append(op)
    return replace(graph, tensors=tensors, ops=tuple(ops))


def _turn_before(graph: Graph, written: dict[str, Op], op: Op) -> Op | None:
    """The TRANSPOSE before a FULLY_CONNECTED of one row, or before the RESHAPE before it."""
    if not isinstance(op.attributes, FullyConnected):
        return None
    x = graph.tensors[op.inputs[0]]
    weights = graph.tensors[op.inputs[1]]
    before = written.get(x.name)
    if before is not None and isinstance(before.attributes, Reshape):
        before = written.get(before.inputs[0])
    if before is None or not isinstance(before.attributes, Transpose) or weights.data is None:
        return None
    source = graph.tensors[before.inputs[0]]
    same = source.quantisation == x.quantisation and source.elements == weights.shape[1]
    return before if same else None


def _turned(weights: Tensor, x: Tensor, turn: Op) -> Tensor:
    """Weights [O, I] for the tensor before `turn`, from those for x after it."""
    assert isinstance(turn.attributes, Transpose)  # noqa: S101
    assert weights.data is not None  # noqa: S101
    inverse = _inverse(turn.attributes.permutation)
    columns = weights.data.reshape(len(weights.data), *x.shape)
    moved = columns.transpose(0, *(axis + 1 for axis in inverse))
    return replace(weights, data=np.ascontiguousarray(moved).reshape(weights.shape))


class _Sinking:
    """One pass over the ops in order: what comes before an op has sunk as far as it goes."""

    def __init__(self, graph: Graph) -> None:
        self.source = graph
        self.tensors = dict(graph.tensors)
        self.ops: list[Op] = []
        # Each transposed tensor: what it is a transpose of, and how.
        self.turned: dict[str, tuple[str, Permutation]] = {}

    def graph(self) -> Graph:
        for op in self.source.ops:
            self._visit(op)
        return replace(self.source, tensors=self.tensors, ops=tuple(self.ops))

    def _visit(self, op: Op) -> None:
        turns = {self.turned[n][1] for n in self._live(op) if n in self.turned}
        if isinstance(op.attributes, Transpose):
            self._transpose(op, op.attributes.permutation)
        elif len(turns) == 1 and self._sinks(op, turn := turns.pop()):
            self._sink(op, turn)
        else:
            self.ops.append(op)

    def _transpose(self, op: Op, permutation: Permutation) -> None:
        source = op.inputs[0]
        if source in self.turned:
            source, first = self.turned[source]
            permutation = tuple(first[axis] for axis in permutation)
        attributes: Attributes = Transpose(permutation)
        if permutation == tuple(range(len(permutation))):
            attributes = Reshape()
        else:
            self.turned[op.outputs[0]] = source, permutation
        self.ops.append(replace(op, attributes=attributes, inputs=(source,)))

    def _live(self, op: Op) -> list[str]:
        return [n for n in op.inputs if n and not self.tensors[n].constant]

    def _sinks(self, op: Op, turn: Permutation) -> bool:
        """Whether the op gives the same on what was there before its inputs' transposes."""
        if not isinstance(op.attributes, (*_ELEMENTWISE, Concat, Pad)):
            return False
        return all(self._movable(self.tensors[n], turn) for n in op.inputs)

    def _movable(self, tensor: Tensor, turn: Permutation) -> bool:
        if tensor.constant:
            return tensor.data is not None and len(tensor.shape) <= len(turn)
        if tensor.name not in self.turned:
            return _flat(tensor) and len(tensor.shape) == len(turn)
        source = self.tensors[self.turned[tensor.name][0]]
        return source.quantisation == tensor.quantisation and len(source.shape) == len(turn)

    def _sink(self, op: Op, turn: Permutation) -> None:
        out = self.tensors[op.outputs[0]]
        shape = tuple(out.shape[axis] for axis in _inverse(turn))
        early = self._add(replace(out, shape=shape), "before")
        inputs = tuple(self._early(self.tensors[n], turn) for n in op.inputs)
        attributes = _moved(op.attributes, turn)
        self.ops.append(Op(early, attributes, inputs, (early,)))
        self.ops.append(Op(op.name, Transpose(turn), (early,), op.outputs))
        self.turned[out.name] = early, turn

    def _early(self, tensor: Tensor, turn: Permutation) -> str:
        """The operand as it was before the transpose."""
        if tensor.name in self.turned:
            return self.turned[tensor.name][0]
        if not tensor.constant:
            shape = tuple(tensor.shape[axis] for axis in _inverse(turn))
            name = self._add(replace(tensor, shape=shape), "before")
            self.ops.append(Op(name, Reshape(), (tensor.name,), (name,)))
            return name
        assert tensor.data is not None  # noqa: S101
        ones = (1,) * (len(turn) - len(tensor.shape))
        data = tensor.data.reshape(*ones, *tensor.shape).transpose(_inverse(turn))
        data = np.ascontiguousarray(data)
        return self._add(replace(tensor, shape=data.shape, data=data), "before")

    def _add(self, tensor: Tensor, suffix: str) -> str:
        name = f"{tensor.name}.{suffix}"
        while name in self.tensors:
            name += "'"
        self.tensors[name] = replace(tensor, name=name)
        return name


def _flat(tensor: Tensor) -> bool:
    """Whether a transpose of it is the same bytes."""
    return sum(n > 1 for n in tensor.shape) < 2


def _moved(attributes: Attributes, turn: Permutation) -> Attributes:
    """The attributes for dimensions as they were before the transpose."""
    match attributes:
        case Concat(axis=axis):
            return Concat(turn[axis])
        case Pad(padding=padding, value=value):
            return Pad(tuple(padding[axis] for axis in _inverse(turn)), value)
        case _:
            return attributes


def _inverse(permutation: Permutation) -> Permutation:
    return tuple(int(axis) for axis in np.argsort(permutation))


def _transposed_bytes(graph: Graph) -> int:
    return sum(
        graph.tensors[op.outputs[0]].bytes
        for op in graph.ops
        if isinstance(op.attributes, Transpose)
    )
