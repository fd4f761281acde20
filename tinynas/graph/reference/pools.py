"""Pooling windows over [N, H, W, C] int8 arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import pool_clamp
from tinynas.graph.ir import Graph, Op, Window, lies_in_padding, output_size
from tinynas.graph.reference.operands import Kernel
from tinynas.graph.reference.windows import depthwise_sums, padded, shifted


def average_pool(graph: Graph, op: Op, window: Window) -> Kernel:
    """The function that computes an AVERAGE_POOL_2D.

    Raises:
        InvalidInputError: a window lies wholly in the padding, which has no average.
    """
    clamp = pool_clamp(graph, op)
    _, rows, columns, _ = graph.tensors[op.inputs[0]].shape
    if lies_in_padding((rows, columns), window):
        raise InvalidInputError(
            f"op {op.name} (AveragePool2D): a window lies wholly in the padding {window.padding}, "
            "which has no average",
            field="graph",
            given=[window.kernel, window.stride, window.padding],
            allowed="windows that meet at least one pixel",
        )
    # Sums of fewer than 2**16 bytes are exact in float32.
    exact: type[np.floating[Any]] = np.float32 if prod(window.kernel) < 1 << 16 else np.float64
    tap: NDArray[np.floating[Any]] = np.ones((*window.kernel, 1), exact)
    zero: NDArray[np.floating[Any]] = np.zeros(1, exact)
    inside = padded(np.ones((1, rows, columns, 1), np.int8), 0, window, exact)
    counts = depthwise_sums(inside, tap, zero, window).astype(np.int64)

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        sums = depthwise_sums(padded(x, 0, window, exact), tap, zero, window)
        return clamp.average(sums.astype(np.int64), counts).astype(np.int8)

    return kernel


def max_pool(graph: Graph, op: Op, window: Window) -> Kernel:
    """The function that computes a MAX_POOL_2D."""
    clamp = pool_clamp(graph, op)
    _, rows, columns, _ = graph.tensors[op.inputs[0]].shape
    top, bottom, left, right = window.padding
    size = output_size((rows, columns), window)

    def kernel(x: NDArray[np.generic]) -> NDArray[np.generic]:
        border = ((0, 0), (top, bottom), (left, right), (0, 0))
        image = np.pad(x, border, constant_values=-128)
        out = shifted(image, window, 0, 0, size).copy()
        for dy, dx in np.ndindex(*window.kernel):
            np.maximum(out, shifted(image, window, dy, dx, size), out=out)
        return np.clip(out, clamp.minimum, clamp.maximum, out=out)

    return kernel
