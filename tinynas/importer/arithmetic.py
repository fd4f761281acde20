"""Whether LiteRT's arithmetic is defined for an operator's scales and constants."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tinynas.graph.arithmetic import accumulator_bounds, requantisation, scale_of, scales_of
from tinynas.graph.ir import (
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    Mean,
    Op,
    Pad,
    Reshape,
    ResizeNearest,
    Tensor,
    Transpose,
)

_MOVING = (Concat, Pad, Reshape, Transpose, ResizeNearest)
# A 32-bit accumulator cannot be shifted further to the left.
_LARGEST_RATIO = 2.0**30


def undefined_arithmetic(op: Op, tensors: Iterable[Tensor]) -> str:
    """Why the arithmetic of `op` over these tensors is undefined; '' where it is defined."""
    known = {t.name: t for t in tensors}
    live = tuple({n: None for n in op.inputs if n and not known[n].constant})
    graph = Graph("", known, (op,), live, op.outputs)
    try:
        with np.errstate(all="ignore"):
            _check(graph, op)
    except ValueError as error:
        return str(error).removeprefix(f"op {op.name}: ")
    return ""


def _check(graph: Graph, op: Op) -> None:
    x, out = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    match op.attributes:
        case Conv2D() | DepthwiseConv2D() | FullyConnected():
            weight_scales = scales_of(graph.tensors[op.inputs[1]])
            _check_ratio(scale_of(x) * float(weight_scales.max()), scale_of(out))
            accumulator_bounds(graph, op)
        case Mean():
            _check_ratio(scale_of(x), scale_of(out))
        case attributes if not isinstance(attributes, _MOVING):
            requantisation(graph, op)


def _check_ratio(scale: float, out_scale: float) -> None:
    if not scale / out_scale < _LARGEST_RATIO:
        raise ValueError(
            f"its accumulator's scale {scale:g} is far above its output's {out_scale:g}"
        )
