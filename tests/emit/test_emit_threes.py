"""The dense kernels of three pixels: the reference's bytes, on the host and on a simulated core."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from emit_batch import case_of, run_cases
from emit_calls import Core
from emit_graphs import Numbers, convolution

from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.build import toolchains
from tinynas.cost.layout import constant_bytes
from tinynas.cost.wide import CLAMPED, MIXED, SIGNED, wide_forms
from tinynas.emit.constants import convolution_words
from tinynas.emit.operators import operator_of
from tinynas.graph.arithmetic import Requantisation, requantisation
from tinynas.graph.ir import Activation, Graph, Window, same_padding
from tinynas.schedule import Segment, SegmentKind, plan_layer, plan_patch, plan_segments
from tinynas.schedule.kernels import BASE, EXPANDED, MOST_ROWS, WIDE, Kernel, scratch_name

CONV = (Kernel.CONV_THREE, Kernel.CONV_WIDE, Kernel.CONV_EXPANDED)
POINTWISE = (Kernel.POINTWISE_THREE, Kernel.POINTWISE_WIDE, Kernel.POINTWISE_EXPANDED)
NUMBERS = (Numbers(), Numbers(3, -128), Numbers(-7, 40, output_scale=0.3))
COARSE = Numbers(3, -128, output_scale=0.5)
MANY = Numbers(weight_scales=(2e-5, 0.5), output_scale=0.004)
TOOLCHAINS = [t.name for t in toolchains()]


def _same(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Window:
    return Window(kernel, stride, same_padding(size, kernel, stride))


def _pointwise(seed: int) -> list[Graph]:
    """Inputs in fours and not, one pixel and more, strides; taps below and beyond a block of 16."""
    rng = np.random.default_rng(seed)
    shapes = (
        *(((5, 4), 4, 4), ((3, 3), 12, 8), ((1, 1), 20, 12), ((2, 1), 36, 4), ((7, 5), 68, 20)),
        *(((4, 4), 3, 8), ((1, 5), 1, 4), ((3, 7), 33, 4), ((2, 2), 70, 8), ((1, 2), 140, 4)),
    )
    return [
        convolution(rng, (*size, channels), outputs, window, Activation.NONE, numbers)
        for n, (size, channels, outputs) in enumerate(shapes)
        for window in (Window((1, 1)), Window((1, 1), (1 + n % 2, 2)))
        for numbers in (*NUMBERS, COARSE)
    ]


def _windows(seed: int, count: int) -> list[Graph]:
    """Kernels, strides, borders and channels of all kinds; first of all what a stem is like."""
    rng = np.random.default_rng(seed)
    stem = [
        convolution(rng, (*size, 3), 8, _same(size, (3, 3), (stride, stride)), numbers=numbers)
        for size in ((16, 16), (9, 13), (3, 2), (1, 1))
        for stride in (1, 2)
        for numbers in (*NUMBERS, COARSE)
    ]
    found = []
    for n in range(count):
        kernel = tuple(int(k) for k in rng.integers(1, 6, 2))
        kernel = (MOST_ROWS, kernel[1]) if n % 9 == 0 else kernel
        stride = tuple(int(s) for s in rng.integers(1, 4, 2))
        padding = tuple(int(p) for p in rng.integers(0, max(kernel) + 1, 4))
        padding = padding if n % 3 else (0, 0, 0, 0)
        least = [max(1, k - padding[2 * i] - padding[2 * i + 1]) for i, k in enumerate(kernel)]
        size = [least[i] + int(rng.integers(0, 13)) for i in (0, 1)]
        channels = int(rng.integers(1, 8))
        window = Window((kernel[0], kernel[1]), (stride[0], stride[1]), padding)
        if kernel == (1, 1):
            continue
        outputs = 4 * int(rng.integers(1, 4))
        shape = (size[0], size[1], channels)
        found.append(convolution(rng, shape, outputs, window, numbers=NUMBERS[n % 3]))
    return stem + found


def _single_rows(seed: int, kernel: int) -> list[Graph]:
    """One row of 1 to 14 outputs, whose last ones are computed in threes and twos: with borders all
    around and without."""
    rng = np.random.default_rng(seed)
    found = []
    for columns, stride in product(range(1, 15), (1, 2)):
        bordered = Window((kernel, kernel), (1, stride), (kernel // 2,) * 4)
        bare = Window((kernel, kernel), (1, stride))
        width = (columns - 1) * stride
        for shape, window in (
            ((1, width + 1), bordered),
            ((kernel, width + kernel), bare),
        ):
            channels, numbers = int(rng.integers(1, 10)), NUMBERS[columns % 3]
            found.append(convolution(rng, (*shape, channels), 8, window, numbers=numbers))
    return found


def _pairs(kernels: tuple[Kernel, ...], graphs: list[Graph]) -> list[tuple[Graph, Kernel]]:
    """Every graph with every kernel that can run it; most of them can."""
    pairs = [
        (graph, kernel)
        for graph, kernel in product(graphs, kernels)
        if forced(graph, plan_layer(graph), {kernel}).variants
    ]
    assert len(pairs) > 0.9 * len(graphs) * len(kernels)
    return pairs


@pytest.mark.parametrize("kernels", [CONV, POINTWISE])
def test_every_shape_and_form_on_the_host(kernels: tuple[Kernel, ...], tmp_path: Path) -> None:
    graphs = _windows(1, 24) if kernels is CONV else _pointwise(2)[::3]
    cases = []
    for n, (graph, kernel) in enumerate(_pairs(kernels, graphs)):
        schedule = forced(graph, plan_layer(graph), {kernel})
        cases.append(case_of(graph, schedule, n, count=2))
        operator = operator_of(graph, schedule, 0)
        assert operator.constants is not None
        sizes = constant_bytes(graph, graph.ops[0], operator.kernel)
        assert 4 * len(operator.constants) == sizes.weights + sizes.requantisation
    for case, actual in zip(cases, run_cases(cases, tmp_path), strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=str(case.graph.ops))


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
@pytest.mark.parametrize("kernel", [*CONV, *POINTWISE])
def test_every_shape_and_form_on_a_core(kernel: Kernel, toolchain: str, tmp_path: Path) -> None:
    """What the assembly computes, gathers and leaves untouched."""
    chosen = next(t for t in toolchains() if t.name == toolchain)
    core = Core(kernel, chosen, tmp_path)
    graphs = _windows(3, 150) if kernel in CONV else _pointwise(4)
    graphs += _single_rows(5, 3 if kernel in CONV else 1)
    for n, (graph, _) in enumerate(_pairs((kernel,), graphs)):
        core.check(graph, forced(graph, plan_layer(graph), {kernel}), n)


@pytest.mark.parametrize("kernel", sorted(EXPANDED))
def test_weights_are_expanded_to_those_of_the_other_kernel(kernel: Kernel, tmp_path: Path) -> None:
    """Word for word, whatever they are shifted by, up to the end of the scratch memory."""
    core = Core(kernel, toolchains()[0], tmp_path)
    (wide,) = (k for k in WIDE if BASE[k] is BASE[kernel])
    shifts: set[int] = set()
    graphs = _windows(7, 20) if kernel in CONV else _pointwise(8)[::2]
    for n, (graph, _) in enumerate(_pairs((kernel,), graphs)):
        (op,) = graph.ops
        schedule = forced(graph, plan_layer(graph), {kernel})
        arena = core.check(graph, schedule, n)
        numbers = requantisation(graph, op)
        assert isinstance(numbers, Requantisation)
        expected = convolution_words(graph, op, numbers, wide)
        (end,) = (b.end for b in schedule.buffers if b.name == scratch_name(op))
        found = arena[end - expected.nbytes : end].view(np.uint32)
        np.testing.assert_array_equal(found, expected, err_msg=str(op))
        forms = wide_forms(graph, op, numbers)
        shifts |= set((forms.exponents - forms.shift).tolist())
    assert len(shifts) > 4


def test_forms_and_shifts_that_the_shapes_meet() -> None:
    forms = []
    for graph in (*_pointwise(4), *_windows(3, 150)):
        numbers = requantisation(graph, graph.ops[0])
        assert isinstance(numbers, Requantisation)
        forms.append(wide_forms(graph, graph.ops[0], numbers))
    assert {f.form for f in forms} >= {CLAMPED, SIGNED}
    assert len({f.shift for f in forms if f.form != MIXED}) > 2


def test_what_they_cannot_compute_is_left_to_the_other_kernels() -> None:
    rng = np.random.default_rng(5)
    one, three = Window((1, 1)), _same((5, 4), (3, 3), (1, 1))
    clamped = Numbers(output_scale=0.04)
    for window, kernels in ((one, POINTWISE), (three, CONV)):
        for graph in (
            convolution(rng, (5, 4, 8), 6, window),
            convolution(rng, (5, 4, 8), 8, window, numbers=MANY),
            convolution(rng, (5, 4, 8), 8, window, Activation.RELU6, clamped),
        ):
            for kernel in kernels:
                assert not forced(graph, plan_layer(graph), {kernel}).variants
    tall = convolution(rng, (14, 4, 2), 4, Window((MOST_ROWS + 1, 1)))
    around = convolution(rng, (5, 4, 8), 8, Window((1, 1), (1, 1), (0, 1, 0, 0)))
    for graph, kernel in product((tall, around), CONV):
        assert not forced(graph, plan_layer(graph), {kernel}).variants


def test_no_weight_of_minus_128_where_two_make_one_int16() -> None:
    graph = convolution(np.random.default_rng(6), (5, 4, 8), 8, Window((1, 1)))
    weights = graph.tensors[graph.ops[0].inputs[1]]
    assert weights.data is not None
    data = weights.data.copy()
    data[0, 0, 0, 0] = -128
    changed = replace(graph, tensors=graph.tensors | {weights.name: replace(weights, data=data)})
    schedule = plan_layer(graph)
    assert forced(graph, schedule, {Kernel.POINTWISE_THREE}).variants
    assert not forced(changed, schedule, {Kernel.POINTWISE_THREE}).variants


@pytest.mark.parametrize("kernels", [*product(CONV[:2], POINTWISE[:2]), (CONV[2], POINTWISE[2])])
def test_in_patches_and_streams(kernels: tuple[Kernel, Kernel], tmp_path: Path) -> None:
    layers = [Layer(3, 2, 8), Layer(1, 1, 12, False), Layer(3, 1, 8), Layer(1, 1, 16)]
    graph = network_of_layers(19, 3, layers)
    plans = [plan_patch(graph, 4, grid) for grid in ((2, 2), (3, 1), (1, 4))]
    for chunk, fed in ((2, False), (3, True), (4, True), (20, False)):
        stream = Segment(SegmentKind.STREAM, 0, len(layers), chunk=chunk, fed=fed)
        plans.append(plan_segments(graph, (stream,)))
    cases = []
    for n, plan in enumerate(plans):
        schedule = forced(graph, plan, set(kernels))
        assert len(schedule.variants) == len(layers)
        cases.append(case_of(graph, schedule, n))
    for case, actual in zip(cases, run_cases(cases, tmp_path), strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=case.schedule.summary)


@pytest.mark.slow
@pytest.mark.parametrize("kernels", [{*pair} for pair in zip(CONV, POINTWISE, strict=True)])
def test_networks_in_the_simulator(kernels: set[Kernel]) -> None:
    """By layers, by patches and as a stream: what a network executes in its firmware."""
    layers = [Layer(3, 2, 8), Layer(1, 1, 20, False), Layer(3, 1, 8), Layer(1, 1, 144)]
    graph = network_of_layers(17, 3, layers)
    streams = [
        plan_segments(graph, (Segment(SegmentKind.STREAM, 0, len(layers), chunk=chunk, fed=True),))
        for chunk in (4, 5)
    ]
    for plan in (plan_layer(graph), plan_patch(graph, 4, (2, 2)), *streams):
        schedule = forced(graph, plan, kernels)
        assert len(schedule.variants) == len(layers)
        assert run_network(graph, schedule).mismatches == 0
