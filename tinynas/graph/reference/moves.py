"""Operators that move bytes and compute nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import nearest_indices, zero_point_of
from tinynas.graph.ir import Concat, Graph, Op, Pad, Reshape, ResizeNearest, Transpose
from tinynas.graph.reference.operands import Kernel, operands


def moving_kernel(graph: Graph, op: Op) -> Kernel:
    """The function that computes a CONCATENATION, PAD, RESHAPE, TRANSPOSE or resize.

    Raises:
        ValueError: the operator is another one.
    """
    out = graph.tensors[op.outputs[0]]
    match op.attributes:
        case Concat(axis=axis):
            return _concat(graph, op, axis)
        case Pad(padding=padding, value=value):
            filler = zero_point_of(out) if value is None else value
            return lambda x: np.pad(x, ((0, 0), *padding[1:]), constant_values=filler)
        case Reshape():
            return lambda x: x.reshape(-1, *out.shape[1:])
        case Transpose(permutation=permutation):
            return lambda x: x.transpose(permutation)
        case ResizeNearest():
            return _resize(graph, op, op.attributes)
        case _:
            raise ValueError(f"op {op.name}: the reference has no kernel for {op.kind}")


def _concat(graph: Graph, op: Op, axis: int) -> Kernel:
    def kernel(*activations: NDArray[np.generic]) -> NDArray[np.generic]:
        count = len(activations[0])
        parts = operands(graph, op, activations)
        whole = [np.broadcast_to(p, (count, *p.shape[1:])) for p in parts]
        return np.concatenate(whole, axis=axis)

    return kernel


def _resize(graph: Graph, op: Op, attributes: ResizeNearest) -> Kernel:
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    rows = nearest_indices(attributes, x.shape[1], out.shape[1])
    columns = nearest_indices(attributes, x.shape[2], out.shape[2])
    return lambda image: image[:, rows[:, None], columns]
