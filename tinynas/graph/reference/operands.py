"""Operators whose inputs may be constants, and may broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Graph, Op, Tensor

Kernel: TypeAlias = Callable[..., NDArray[np.generic]]
Ints: TypeAlias = NDArray[np.int64]


def pair_kernel(graph: Graph, op: Op, formula: Callable[[Ints, Ints], Ints]) -> Kernel:
    """An operator of two int8 inputs that broadcast as NumPy's do."""
    values = np.arange(-128, 128, dtype=np.int64)
    table: NDArray[np.int8] = formula(values[:, None], values[None, :]).astype(np.int8).ravel()
    rank = len(graph.tensors[op.outputs[0]].shape)

    def kernel(*activations: NDArray[np.generic]) -> NDArray[np.generic]:
        x0, x1 = operands(graph, op, tuple(_aligned(x, rank) for x in activations))
        # An output depends on two bytes alone, so it is looked up: exact, and far faster.
        index = (x0.astype(np.intp) + 128) * 256 + (x1.astype(np.intp) + 128)
        found: NDArray[np.int8] = table[index]
        return found

    return kernel


def operands(
    graph: Graph, op: Op, activations: tuple[NDArray[np.generic], ...]
) -> list[NDArray[np.generic]]:
    """All inputs in the op's order: activations [N, ...], constants as they are stored."""
    rest = iter(activations)
    tensors = [graph.tensors[name] for name in op.inputs]
    return [constant_data(op, t) if t.constant else next(rest) for t in tensors]


def constant_data(op: Op, tensor: Tensor) -> NDArray[np.generic]:
    """The data of a constant.

    Raises:
        ValueError: it has none (the graph is a skeleton).
    """
    if tensor.data is None:
        raise ValueError(f"op {op.name}: constant {tensor.name} has no data")
    return tensor.data


def _aligned(x: NDArray[np.generic], rank: int) -> NDArray[np.generic]:
    """An activation with 1s after its first dimension, N: LiteRT aligns shapes at their end."""
    return x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:])
