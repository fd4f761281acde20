"""Flash constants of the ops that spaces are made of, by their channels alone (bytes)."""

from __future__ import annotations

from functools import lru_cache

from tinynas.cost.layout import constant_bytes
from tinynas.graph.ir import (
    Add,
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    Mean,
    Op,
    Tensor,
    Window,
)


@lru_cache(maxsize=1 << 14)
def dense_constants(before: int, after: int, kernel: int) -> int:
    window = Window((kernel, kernel), padding=(0, 0, 0, 0) if kernel == 1 else (1, 1, 1, 1))
    return _op_constants(Conv2D(window), (after, kernel, kernel, before), before, after)


@lru_cache(maxsize=1 << 12)
def depthwise_constants(channels: int, kernel: int) -> int:
    window = Window((kernel, kernel), padding=(1, 1, 1, 1))
    return _op_constants(DepthwiseConv2D(window), (1, kernel, kernel, channels), channels, channels)


@lru_cache(maxsize=1)
def add_constants() -> int:
    return _op_constants(Add(), None, 8, 8)


@lru_cache(maxsize=1 << 14)
def block_constants(entering: int, expanded: int, leaving: int, kernel: int, residual: bool) -> int:
    return (
        dense_constants(entering, expanded, 1)
        + depthwise_constants(expanded, kernel)
        + dense_constants(expanded, leaving, 1)
        + (add_constants() if residual else 0)
    )


def classifier_constants(channels: int, classes: int) -> int:
    pool = _op_constants(Mean(), None, channels, channels)
    return pool + _op_constants(FullyConnected(), (classes, channels), channels, classes)


def _op_constants(
    attributes: Attributes, weights: tuple[int, ...] | None, before: int, after: int
) -> int:
    """What `tinynas.cost.layout` says of one op with these channels."""
    tensors = {
        "x": Tensor("x", (1, 1, 1, before)),
        "y": Tensor("y", (1, 1, 1, after)),
        "bias": Tensor("bias", (after,), DType.INT32, constant=True),
    }
    inputs: tuple[str, ...] = ("x", "x")
    if weights is not None:
        tensors["weight"] = Tensor("weight", weights, constant=True)
        inputs = ("x", "weight", "bias")
    op = Op("op", attributes, inputs, ("y",))
    return constant_bytes(Graph("one", tensors, (op,), ("x",), ("y",)), op).total
