"""The fast kernels: the bytes of the integer reference, on the host and on a simulated core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases
from emit_calls import Core
from emit_graphs import Numbers, depthwise

from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.build import toolchains
from tinynas.cost.layout import constant_bytes
from tinynas.cost.wide import (
    ROWS_SHIFT,
    WideForms,
    row_forms,
    wide_forms,
)
from tinynas.emit.operators import operator_of
from tinynas.graph.arithmetic import Requantisation, requantisation
from tinynas.graph.ir import Graph, Window, same_padding
from tinynas.schedule import (
    Schedule,
    Segment,
    SegmentKind,
    plan_layer,
    plan_patch,
    plan_segments,
)
from tinynas.schedule.kernels import PLANES, SLIDES, STRIPS, Kernel
from tinynas.schedule.overlap import overlap_distance, reads_of, whole
from tinynas.schedule.packing import align

RNG = np.random.default_rng(6)
ROWS_RNG = np.random.default_rng(7)
WIDE = {Kernel.CONV_WIDE, Kernel.POINTWISE_WIDE}
CLAMPS = Numbers(3, -128)
RAISED = [Numbers(3, -128, scale, weight_scales=(0.0005, 0.02)) for scale in (0.06, 0.12)]
"""Channels so far apart that the kernel for 3 x 3 raises inputs."""


def _same(size: tuple[int, int], kernel: int, stride: int) -> Window:
    return Window((kernel,) * 2, (stride,) * 2, same_padding(size, (kernel,) * 2, (stride,) * 2))


def _case(graph: Graph, kernels: set[Kernel], seed: int) -> Case:
    schedule = forced(graph, plan_layer(graph), kernels)
    assert len(schedule.variants) == len(graph.ops)
    return case_of(graph, schedule, seed, count=4)


def _compare(cases: list[Case], folder: Path) -> None:
    for case, actual in zip(cases, run_cases(cases, folder), strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=str(case.graph.ops))
        for i, op in enumerate(case.graph.ops):
            operator = operator_of(case.graph, case.schedule, i)
            assert operator.constants is not None
            sizes = constant_bytes(case.graph, op, operator.kernel)
            assert 4 * len(operator.constants) == sizes.weights + sizes.requantisation


def _forms(graph: Graph) -> WideForms:
    numbers = requantisation(graph, graph.ops[0])
    assert isinstance(numbers, Requantisation)
    return wide_forms(graph, graph.ops[0], numbers)


def test_rows_of_every_size_and_border(tmp_path: Path) -> None:
    sizes = ((1, 1), (2, 3), (3, 2), (4, 5), (5, 8))
    graphs = []
    for taps in PLANES.values():
        more = [_rows(size, 4 + 4 * (n % 3), taps=taps) for n, size in enumerate(sizes)]
        for padding in ((1, 0, 0, 1), (3, 2, 4, 5), (0, 0, 0, 0)):
            more.append(_rows((taps[0] + 1, taps[0] + 2), 4, padding, taps=taps))
        more += [_rows((5, 6), 16, numbers=numbers, taps=taps) for numbers in RAISED]
        shifts = {_row_shift(graph) for graph in more}
        assert ROWS_SHIFT in shifts
        assert min(shifts) < ROWS_SHIFT
        graphs += more
    _compare([_case(g, set(PLANES), n) for n, g in enumerate(graphs)], tmp_path)


@pytest.mark.parametrize("kernel", PLANES)
@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_rows_on_a_core(toolchain: str, kernel: Kernel, tmp_path: Path) -> None:
    chosen = next(t for t in toolchains() if t.name == toolchain)
    core = Core(kernel, chosen, tmp_path)
    taps = PLANES[kernel]
    graphs = [_rows((n % 6 + 1, n), 4 + 4 * (n % 2), taps=taps) for n in range(1, 24)]
    graphs += [_rows((n, m), 4, taps=taps) for n in range(1, 7) for m in range(1, 4)]
    for n in range(60):
        padding = tuple(int(p) for p in ROWS_RNG.integers(0, taps[0] + 2, 4))
        size = tuple(int(s) for s in ROWS_RNG.integers(taps[0], taps[0] + 6, 2))
        graphs.append(_rows(size, 16, padding, [CLAMPS, *RAISED][n % 3], taps))
    for n, graph in enumerate(graphs):
        plan = plan_layer(graph)
        schedule = forced(graph, _overlapping(graph, plan) if n % 2 else plan, {kernel})
        assert schedule.variants
        core.check(graph, schedule, n)


def _overlapping(graph: Graph, plan: Schedule) -> Schedule:
    """The output of a network's only op as far over its input as it may be, pixels over pixels."""
    (op,) = graph.ops
    source, out = (graph.tensors[name] for name in (op.inputs[0], op.outputs[0]))
    reads = reads_of(graph, op)
    assert reads is not None
    channels = source.shape[-1]
    below = -(-overlap_distance(reads, whole(source), whole(out)) // channels) * channels
    offsets = {source.name: max(below, 0), out.name: max(-below, 0)}
    buffers = tuple(replace(b, offset=offsets[b.name]) for b in plan.buffers)
    size = align(max(b.end for b in buffers))
    return replace(plan, buffers=buffers, arena_bytes=size)


def _rows(
    size: tuple[int, ...],
    channels: int,
    padding: tuple[int, ...] | None = None,
    numbers: Numbers = CLAMPS,
    taps: tuple[int, int] = (3, 1),
) -> Graph:
    """Depthwise of so many taps and such a stride either way; `padding` None: half the taps."""
    rows, columns = size
    top, bottom, left, right = padding or 4 * (taps[0] // 2,)
    window = Window((taps[0],) * 2, (taps[1],) * 2, padding=(top, bottom, left, right))
    return depthwise(ROWS_RNG, (rows, columns, channels), window, numbers=numbers)


def _row_shift(graph: Graph) -> int:
    numbers = requantisation(graph, graph.ops[0])
    assert isinstance(numbers, Requantisation)
    return row_forms(graph, graph.ops[0], numbers).shift


def test_wide_depthwise_of_every_kernel_stride_and_border(tmp_path: Path) -> None:
    graphs = [
        depthwise(RNG, (*size, channels), _same(size, kernel, stride), numbers=CLAMPS)
        for kernel in (3, 5, 7)
        for stride in (1, 2, 3)
        for size, channels in (((1, 1), 4), ((7, 6), 4), ((6, 11), 8), ((12, 9), 12))
    ]
    graphs += [
        depthwise(RNG, (8, 9, 4), window, numbers=CLAMPS)
        for window in (
            Window((3, 3), (1, 1)),
            Window((3, 3), (2, 2), (3, 2, 5, 4)),
            Window((1, 3), (1, 2), (0, 0, 1, 1)),
            Window((5, 3), (1, 1), (2, 2, 0, 0)),
            Window((7, 7), (2, 1), (6, 6, 6, 6)),
        )
    ]
    coarse = Numbers(3, -128, output_scale=0.5)
    graphs += [depthwise(RNG, (6, 5, 8), _same((6, 5), 3, 1), numbers=coarse)]
    assert {_forms(graph).shift > 0 for graph in graphs} == {True, False}
    _compare([_case(g, {Kernel.DEPTHWISE_WIDE}, n) for n, g in enumerate(graphs)], tmp_path)


@pytest.mark.parametrize("kernel", SLIDES)
def test_slides_of_every_size_and_border(kernel: Kernel, tmp_path: Path) -> None:
    size, stride = SLIDES[kernel]
    shapes = (((1, 1), 4), ((1, 6), 8), ((7, 1), 4), ((7, 6), 4), ((6, 11), 8), ((12, 9), 12))
    graphs = [
        depthwise(RNG, (*shape, channels), _same(shape, size, stride), numbers=CLAMPS)
        for shape, channels in (*shapes, ((2, 3), 4), ((8, 8), 16))
    ]
    graphs += [
        depthwise(RNG, (8, 9, 4), Window((size, size), (stride, stride), padding), numbers=CLAMPS)
        for padding in ((0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 1), (0, 1, 1, 0))
    ]
    _compare([_case(g, {kernel}, n) for n, g in enumerate(graphs)], tmp_path)


@pytest.mark.parametrize("kernel", SLIDES)
@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_slides_on_a_core(toolchain: str, kernel: Kernel, tmp_path: Path) -> None:
    chosen = next(t for t in toolchains() if t.name == toolchain)
    core = Core(kernel, chosen, tmp_path)
    size, stride = SLIDES[kernel]
    rng = np.random.default_rng(11)
    cases = list(product(range(1, 5), (*range(1, 6), 9), product((0, 1), repeat=4)))
    if kernel in STRIPS:  # these take any padding
        many = rng.integers((1, 1, 0, 0, 0, 0), (10, 17, *(size + 2,) * 4), (200, 6)).tolist()
        cases = [(rows, columns, padding) for rows, columns, *padding in many]
    for n, (rows, columns, (top, bottom, left, right)) in enumerate(cases):
        if rows + top + bottom < size or columns + left + right < size:
            continue
        window = Window((size, size), (stride, stride), (top, bottom, left, right))
        graph = depthwise(rng, (rows, columns, 4 + 4 * (n % 3)), window, numbers=CLAMPS)
        plan = plan_layer(graph)
        schedule = forced(graph, _overlapping(graph, plan) if n % 2 else plan, {kernel})
        assert schedule.variants
        core.check(graph, schedule, n)


@pytest.mark.parametrize("kernels", [[Kernel.DEPTHWISE_ROW], STRIPS], ids=("3", "5 and 7"))
def test_rows_in_streams_of_every_number_of_columns(
    kernels: Iterable[Kernel], tmp_path: Path
) -> None:
    """Rings that wrap, windows at either end of a row and in its middle, one column and more."""
    rows = [Layer(*SLIDES[kernel], 0) for kernel in kernels]
    rows = (rows * 3)[: max(3, len(rows))]
    layers = [rows[0], Layer(1, 1, 12), *rows[1:], Layer(1, 1, 8)]
    cases: list[Case] = []
    for size, channels in ((9, 8), (12, 4)):
        graph = network_of_layers(size, channels, layers)
        for chunk in range(1, size + 1):
            stream = Segment(SegmentKind.STREAM, 0, len(layers), chunk=chunk, fed=chunk % 2 == 0)
            schedule = forced(graph, plan_segments(graph, (stream,)), set(kernels))
            assert len(schedule.variants) == len(rows)
            cases.append(case_of(graph, schedule, len(cases)))
    _compare(cases, tmp_path)


def test_variants_in_streams(tmp_path: Path) -> None:
    layers = [Layer(3, 2, 8), Layer(3, 1, 0), Layer(1, 1, 12), Layer(5, 2, 0), Layer(1, 1, 8)]
    strided = [Layer(3, 2, 0), Layer(1, 1, 12), Layer(3, 2, 0), Layer(1, 1, 8)]
    cases: list[Case] = []
    for (chunk, fed), (channels, some, fast) in product(
        ((2, False), (3, True), (20, False)),
        ((3, layers, Kernel.DEPTHWISE_WIDE), (8, strided, Kernel.DEPTHWISE_STRIDED)),
    ):
        wide = WIDE if chunk == 2 else {Kernel.CONV_WIDE, Kernel.POINTWISE_THREE}
        graph = network_of_layers(19 if channels == 3 else 22, channels, some)
        stream = Segment(SegmentKind.STREAM, 0, len(some), chunk=chunk, fed=fed)
        schedule = forced(graph, plan_segments(graph, (stream,)), wide | {fast})
        assert len(schedule.variants) == len(some)
        cases.append(case_of(graph, schedule, len(cases)))
    _compare(cases, tmp_path)


def test_variants_in_patches(tmp_path: Path) -> None:
    layers = [Layer(3, 2, 8), Layer(1, 1, 12), Layer(3, 1, 0), Layer(1, 1, 8, False)]
    graph = network_of_layers(19, 3, [*layers, Layer(1, 1, 16), Layer(5, 2, 0), Layer(1, 1, 5)])
    cases = []
    for n, grid in enumerate(((2, 2), (3, 1), (1, 4))):
        for fast in (set(PLANES), {Kernel.DEPTHWISE_WIDE}, set(SLIDES)):
            schedule = forced(graph, plan_patch(graph, 4, grid), WIDE | fast)
            chosen = {Kernel(kernel) for _, kernel in schedule.variants}
            assert Kernel.CONV_WIDE in chosen
            assert fast & chosen
            cases.append(case_of(graph, schedule, n))
    strided = [Layer(1, 1, 8), Layer(3, 2, 0), Layer(1, 1, 12), Layer(3, 2, 0), Layer(1, 1, 8)]
    for n, (size, grid) in enumerate(((22, (2, 2)), (23, (3, 1)), (17, (1, 4)))):
        graph = network_of_layers(size, 3, strided)
        some = {Kernel.DEPTHWISE_STRIDED, Kernel.POINTWISE_THREE}
        schedule = forced(graph, plan_patch(graph, 4, grid), some)
        assert len(schedule.variants) == len(strided)
        cases.append(case_of(graph, schedule, n))
    _compare(cases, tmp_path)


def test_what_fast_kernels_cannot_compute_is_left_to_the_other_one() -> None:
    rng = np.random.default_rng(1)
    for graph in (
        depthwise(rng, (5, 5, 6), _same((5, 5), 3, 1), numbers=CLAMPS),
        depthwise(rng, (5, 5, 8), _same((5, 5), 3, 1)),
        depthwise(rng, (6, 6, 8), _same((6, 6), 4, 1), numbers=CLAMPS),
        depthwise(rng, (6, 6, 8), Window((3, 3), (3, 3)), numbers=CLAMPS),
        depthwise(rng, (9, 9, 8), Window((5, 5), (1, 2)), numbers=CLAMPS),
        depthwise(rng, (9, 9, 8), Window((7, 7), (3, 3)), numbers=CLAMPS),
        depthwise(rng, (6, 6, 8), _same((6, 6), 3, 2), numbers=CLAMPS),
    ):
        assert not forced(graph, plan_layer(graph), set(PLANES)).variants
    for graph in (
        depthwise(rng, (5, 5, 6), _same((5, 5), 3, 1), numbers=CLAMPS),
        depthwise(rng, (5, 5, 8), _same((5, 5), 3, 1)),
        depthwise(rng, (6, 6, 8), _same((6, 6), 4, 1), numbers=CLAMPS),
        depthwise(rng, (9, 9, 4), _same((9, 9), 9, 1), numbers=CLAMPS),
    ):
        assert not forced(graph, plan_layer(graph), {Kernel.DEPTHWISE_WIDE}).variants
    for graph in (
        depthwise(rng, (5, 5, 6), _same((5, 5), 3, 2), numbers=CLAMPS),
        depthwise(rng, (5, 5, 8), _same((5, 5), 3, 2)),
        depthwise(rng, (6, 6, 8), _same((6, 6), 3, 1), numbers=CLAMPS),
        depthwise(rng, (6, 6, 8), _same((6, 6), 5, 2), numbers=CLAMPS),
        depthwise(rng, (4, 4, 4), Window((3, 3), (2, 2), (1, 2, 1, 1)), numbers=CLAMPS),
    ):
        assert not forced(graph, plan_layer(graph), {Kernel.DEPTHWISE_STRIDED}).variants
    for graph in (
        depthwise(rng, (5, 5, 6), _same((5, 5), 3, 1), numbers=CLAMPS),
        depthwise(rng, (5, 5, 8), _same((5, 5), 3, 1)),
        depthwise(rng, (6, 6, 8), _same((6, 6), 3, 2), numbers=CLAMPS),
        depthwise(rng, (6, 6, 8), _same((6, 6), 5, 1), numbers=CLAMPS),
        depthwise(rng, (4, 4, 4), Window((3, 3), (1, 1), (1, 2, 1, 1)), numbers=CLAMPS),
    ):
        assert not forced(graph, plan_layer(graph), {Kernel.DEPTHWISE_ROW}).variants
    for graph in (
        depthwise(rng, (5, 5, 6), _same((5, 5), 5, 1), numbers=CLAMPS),
        depthwise(rng, (5, 5, 8), _same((5, 5), 7, 2)),
        depthwise(rng, (6, 6, 8), _same((6, 6), 3, 1), numbers=CLAMPS),
        depthwise(rng, (9, 9, 8), Window((5, 5), (1, 2)), numbers=CLAMPS),
        depthwise(rng, (9, 9, 8), Window((7, 5), (1, 1)), numbers=CLAMPS),
        depthwise(rng, (9, 9, 8), Window((7, 7), (3, 3)), numbers=CLAMPS),
    ):
        assert not forced(graph, plan_layer(graph), set(STRIPS)).variants


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_assembly_gives_the_reference_bytes(toolchain: str) -> None:
    """One network whose layers meet every path of the assembly, in the simulator."""
    chosen = next(t for t in toolchains() if t.name == toolchain)
    layers = [
        Layer(3, 2, 7),
        Layer(1, 1, 8),
        Layer(3, 1, 0),
        Layer(1, 1, 14, False),
        Layer(1, 1, 5),
        Layer(3, 1, 12),
        Layer(5, 1, 0),
        Layer(1, 1, 44, False),
        Layer(1, 1, 8),
        Layer(7, 1, 0),
        Layer(1, 1, 3, False),
        Layer(1, 1, 4),
        Layer(3, 2, 0),
        Layer(1, 1, 8),
        Layer(5, 2, 0),
    ]
    graph = network_of_layers(21, 3, layers)
    plan = plan_layer(graph)
    strided = {*PLANES, Kernel.DEPTHWISE_STRIDED}
    for fast, left in (
        (WIDE | set(PLANES), 5),  # 3x3 of stride 2 is another kernel's
        (WIDE | {Kernel.DEPTHWISE_WIDE}, 4),  # channels that are not fours
        (WIDE | strided, 4),
        (WIDE | set(SLIDES), 4),
    ):
        schedule = forced(graph, plan, fast)
        assert len(schedule.variants) == len(layers) - left
        assert run_network(graph, schedule, toolchain=chosen).mismatches == 0
    assert run_network(graph, plan, toolchain=chosen).mismatches == 0
    three = [Layer(1, 1, 4), Layer(1, 1, 20, False), Layer(1, 1, 36), Layer(1, 2, 8, False)]
    graph = network_of_layers(8, 8, three)
    schedule = forced(graph, plan_layer(graph), {Kernel.POINTWISE_THREE})
    assert len(schedule.variants) == len(three)
    assert run_network(graph, schedule, toolchain=chosen).mismatches == 0
