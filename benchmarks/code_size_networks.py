"""Networks that `benchmarks.code_sizes` builds: of one kernel, of one length, and random ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.kernel_shapes import Layer, network_of_layers
from tinynas.cost.forms import needs_general_form
from tinynas.graph.ir import Graph, Op
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.random_operators import random_operators
from tinynas.schedule import (
    Schedule,
    Segment,
    SegmentKind,
    patch_points,
    plan_layer,
    plan_patch,
    plan_segments,
)
from tinynas.schedule.kernels import (
    BASE,
    EXPANDED,
    PLANES,
    SHORT_ALONE,
    SLIDES,
    THREE,
    WIDE,
    Kernel,
    kernel_of,
)
from tinynas.schedule.random import random_segments

CONVOLUTIONS = frozenset(
    {
        Kernel.CONV,
        Kernel.POINTWISE,
        Kernel.DEPTHWISE,
        Kernel.DEPTHWISE_MULTIPLIER,
    }
)
OF_SPACES = CONVOLUTIONS | {Kernel.FULLY_CONNECTED, Kernel.ADD, Kernel.MEAN}
"""The kernels of `random_graph`; the others are met in `random_operators`."""
VARIETIES = 2
"""One-op networks of every kernel, of different shapes: the stack of the deepest counts."""


def plan_stream(graph: Graph, *, fed: bool = False) -> Schedule:
    """All of a network as one stream segment."""
    return plan_segments(graph, [Segment(SegmentKind.STREAM, 0, len(graph.ops), chunk=2, fed=fed)])


def one_op_graphs(kernel: Kernel) -> Iterator[Graph]:
    """Networks of one op that `kernel` runs, of various shapes and scales.

    Few channels need the general form of requantisation, so some networks that do are looked for.
    """
    rng = np.random.default_rng(0)
    options = RandomGraphOptions(min_size=4, max_size=8, max_channels=12, classifier=True)
    if kernel in SHORT_ALONE:
        yield from (network_of_layers(9, 8, [layer]) for layer in short_layers(kernel))
        if kernel in THREE | WIDE | EXPANDED:  # pixels and bytes that are left over go deepest
            for size in (8, 1):  # one pixel alone waits for others whatever the kernel
                yield from (network_of_layers(size, 6, [layer]) for layer in short_layers(kernel))
        return
    if kernel is Kernel.DEPTHWISE:  # whole 3 x 3 windows and all others have code of their own
        sizes = ((3, False), (3, True), (5, False), (5, True))
        yield from (network_of_layers(9, 8, [Layer(k, 1, 0, general=g)]) for k, g in sizes)
    base = BASE.get(kernel, kernel)
    wanted = {False: VARIETIES, True: VARIETIES // 2 if kernel in CONVOLUTIONS else 0}
    while any(wanted.values()):
        graph = random_graph(rng, options) if kernel in OF_SPACES else random_operators(rng)
        for op in graph.ops:
            shapes = {t.shape for t in graph.activations_in(op)}
            if kernel_of(graph, op) is not base:
                continue
            general = needs_general_form(graph, op, kernel)
            if len(shapes) == 1 and wanted[general]:
                wanted[general] -= 1
                yield alone(graph, op)


def short_layers(kernel: Kernel) -> list[Layer]:
    """Layers that a kernel without the general form runs; where any size will do, the largest."""
    if kernel in THREE | WIDE | EXPANDED:
        size = 3 if BASE[kernel] is Kernel.CONV else 1
        return [Layer(size, 1, 8, relu) for relu in (True, False)]
    if kernel in SLIDES:
        return [Layer(*SLIDES[kernel], 0)]
    if kernel in PLANES:
        return [Layer(*PLANES[kernel], 0)]
    return [Layer(7, stride, 0) for stride in (1, 2)]


def alone(graph: Graph, op: Op) -> Graph:
    """A network of just this op; one that reads two activations reads the first one twice."""
    source = next(graph.activations_in(op)).name
    inputs = tuple(n if graph.tensors[n].constant else source for n in op.inputs)
    names = {*inputs, *op.outputs}
    tensors = {n: t for n, t in graph.tensors.items() if n in names}
    return Graph("one_op", tensors, (replace(op, inputs=inputs),), (source,), op.outputs)


def chain(length: int, kernel: Kernel = Kernel.DEPTHWISE) -> Graph:
    """`length` convolutions that a kernel runs, one after the other."""
    rng = np.random.default_rng(1)
    options = RandomGraphOptions(min_size=6, max_size=6, max_channels=8, classifier=False)
    while True:
        graph = random_graph(rng, options)
        op = graph.ops[0]
        x, y = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
        if kernel_of(graph, op) is kernel and x.shape == y.shape:
            break
    constants = {n: graph.tensors[n] for n in op.inputs[1:]}
    activations = {f"t{i}": replace(y, name=f"t{i}") for i in range(length)}
    tensors = {x.name: x, **constants, **activations}
    ops = tuple(
        replace(
            op,
            name=f"op{i}",
            inputs=(x.name if i == 0 else f"t{i - 1}", *op.inputs[1:]),
            outputs=(f"t{i}",),
        )
        for i in range(length)
    )
    return Graph("chain", tensors, ops, (x.name,), (f"t{length - 1}",))


def samples() -> Iterator[tuple[Graph, Schedule]]:
    options = RandomGraphOptions(max_size=12, max_channels=16, blocks=(1, 12), classifier=True)
    for seed in range(6):
        graph = random_graph(np.random.default_rng(seed), options)
        yield graph, plan_layer(graph)
        for ops in patch_points(graph)[-1:]:
            _, rows, columns, _ = graph.tensors[graph.ops[ops - 1].outputs[0]].shape
            if min(rows, columns) >= 2:
                yield graph, plan_patch(graph, ops, (2, 2))
        segments = random_segments(graph, np.random.default_rng(seed))
        yield graph, plan_segments(graph, segments)
