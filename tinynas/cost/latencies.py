"""Estimated latency of populations: `estimate_latency` of many networks at once, layer by layer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.latency import op_cycles
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.devices import Device
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
    output_size,
    same_padding,
)
from tinynas.spaces import network_of, skeleton

FloatArray = NDArray[np.float64]


def population_latency(population: Population, device: Device) -> FloatArray:
    """Milliseconds [S, N] with the kernels of the least flash and nothing computed twice."""
    first, blocks, classifier = _tables(population.tables, device)
    last = population.entries[np.arange(len(population.entries)), population.depth - 1]
    searched = blocks[:, population.entries].sum(axis=-1) + classifier[:, last]
    milliseconds: FloatArray = (first[:, None] + searched) * 1000 / device.clock_hz
    return milliseconds


@lru_cache(maxsize=4)
def _tables(tables: Tables, device: Device) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cycles of the fixed layers [S], of entries, and of a classifier behind each [S, entries]."""
    shapes = tables.blocks.shapes
    columns = (
        shapes.in_channels,
        shapes.expanded,
        shapes.out_channels,
        shapes.kernel,
        shapes.stride,
        shapes.in_size,
        tables.blocks.residual.astype(np.int64),
    )
    rows = np.stack(np.broadcast_arrays(*columns), -1)
    unique, inverse = np.unique(rows.reshape(-1, len(columns)), axis=0, return_inverse=True)
    cycles = [_block(*row, device) if row[1] else 0.0 for row in unique.tolist()]
    blocks = np.array(cycles)[inverse].reshape(rows.shape[:-1])
    ends = np.stack(np.broadcast_arrays(shapes.out_channels, shapes.out_size), -1)
    unique, inverse = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    cycles = [_classifier(c, size, tables.classes, device) if c else 0.0 for c, size in unique]
    classifier = np.array(cycles)[inverse].reshape(ends.shape[:-1])
    return _first(tables, device), blocks, classifier


def _first(tables: Tables, device: Device) -> FloatArray:
    """Stem and fixed block are those of the smallest network of each subspace."""
    found = []
    for subspace, ops in zip(tables.subspaces, tables.first.ops.tolist(), strict=True):
        network = network_of(
            subspace,
            subspace.space.smallest,
            classes=tables.classes,
            input_channels=tables.input_channels,
        )
        graph = skeleton(network)
        found.append(sum(op_cycles(graph, op, device) for op in graph.ops[:ops]))
    return np.array(found)


@lru_cache(maxsize=1 << 16)
def _block(
    entering: int,
    expanded: int,
    leaving: int,
    kernel: int,
    stride: int,
    size: int,
    residual: int,
    device: Device,
) -> float:
    inner = (size, size, expanded)
    padding = same_padding((size, size), (kernel, kernel), (stride, stride))
    window = Window((kernel, kernel), (stride, stride), padding)
    out = output_size((size, size), window)
    depthwise = DepthwiseConv2D(window)
    point = Conv2D(Window((1, 1), padding=(0, 0, 0, 0)))
    return (
        _cycles(point, (size, size, entering), inner, (expanded, 1, 1, entering), device)
        + _cycles(depthwise, inner, (*out, expanded), (1, kernel, kernel, expanded), device)
        + _cycles(point, (*out, expanded), (*out, leaving), (leaving, 1, 1, expanded), device)
        + (_cycles(Add(), (*out, leaving), (*out, leaving), None, device) if residual else 0.0)
    )


def _classifier(channels: int, size: int, classes: int, device: Device) -> float:
    pool = _cycles(Mean(), (size, size, channels), (channels,), None, device)
    dense = FullyConnected()
    return pool + _cycles(dense, (channels,), (classes,), (classes, channels), device)


def _cycles(
    attributes: Attributes,
    before: tuple[int, ...],
    after: tuple[int, ...],
    weights: tuple[int, ...] | None,
    device: Device,
) -> float:
    tensors = {"x": Tensor("x", (1, *before)), "y": Tensor("y", (1, *after))}
    inputs: tuple[str, ...] = ("x", "x") if isinstance(attributes, Add) else ("x",)
    if weights is not None:
        tensors["weight"] = Tensor("weight", weights, constant=True)
        tensors["bias"] = Tensor("bias", (after[-1],), DType.INT32, constant=True)
        inputs = ("x", "weight", "bias")
    op = Op("op", attributes, inputs, ("y",))
    return op_cycles(Graph("one", tensors, (op,), ("x",), ("y",)), op, device)
