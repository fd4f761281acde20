"""Every kernel at the edges of its shapes and of its arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from emit_batch import Case, case_of, run_cases
from emit_graphs import Numbers, add, convolution, depthwise, fully_connected, mean

from tinynas.emit.constants import encoded_rights
from tinynas.graph.arithmetic import Requantisation, requantisation
from tinynas.graph.ir import Activation, Graph, Window, same_padding
from tinynas.schedule import plan_layer

RNG = np.random.default_rng(5)


def _check(graphs: list[Graph], folder: Path) -> None:
    cases = [case_of(graph, plan_layer(graph), n, count=5) for n, graph in enumerate(graphs)]
    _compare(cases, folder)


def _compare(cases: list[Case], folder: Path) -> None:
    for case, actual in zip(cases, run_cases(cases, folder), strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=str(case.graph.ops))


def _same(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Window:
    return Window(kernel, stride, same_padding(size, kernel, stride))


def test_pointwise_with_every_remainder_of_channels(tmp_path: Path) -> None:
    _check(
        [
            convolution(RNG, (rows, columns, channels), outputs, Window((1, 1), stride))
            for channels in (1, 2, 3, 4, 5, 8, 11)
            for outputs in (1, 2, 7)
            for rows, columns, stride in ((1, 1, (1, 1)), (3, 3, (1, 1)), (5, 4, (2, 2)))
        ],
        tmp_path,
    )


def test_convolution_with_every_kernel_stride_and_padding(tmp_path: Path) -> None:
    windows = [
        _same((6, 5), (3, 3), (1, 1)),
        _same((6, 5), (3, 3), (2, 2)),
        _same((6, 5), (2, 4), (3, 1)),
        _same((6, 5), (10, 4), (2, 2)),
        Window((3, 3)),
        Window((6, 5)),
        Window((3, 3), (1, 1), (2, 3, 4, 5)),
        Window((1, 1), (1, 1), (1, 1, 2, 2)),
        Window((1, 1), (2, 2), (0, 1, 0, 1)),
    ]
    _check(
        [
            convolution(RNG, (6, 5, channels), 3, window)
            for window in windows
            for channels in (1, 3, 4)
        ],
        tmp_path,
    )


def test_depthwise_with_every_kernel_and_remainder_of_channels(tmp_path: Path) -> None:
    kernels = [(1, 1), (2, 2), (3, 3), (3, 5), (5, 5), (7, 7), (1, 9), (12, 3), (9, 10)]
    graphs = [
        depthwise(RNG, (7, 8, channels), _same((7, 8), kernel, stride))
        for kernel in kernels
        for stride in ((1, 1), (2, 2))
        for channels in (1, 3, 4, 9)
    ]
    graphs += [depthwise(RNG, (7, 8, 6), Window((3, 3), (1, 2), (5, 4, 3, 6)))]
    _check(graphs, tmp_path)


def test_depthwise_with_a_multiplier(tmp_path: Path) -> None:
    _check(
        [
            depthwise(RNG, (5, 6, channels), _same((5, 6), (3, 3), stride), multiplier)
            for channels in (1, 4)
            for multiplier in (2, 3)
            for stride in ((1, 1), (2, 2))
        ],
        tmp_path,
    )


def test_fully_connected_sums_and_means(tmp_path: Path) -> None:
    products = [
        fully_connected(RNG, shape, outputs, activation)
        for shape in ((1,), (7,), (3, 2, 5), (64,))
        for outputs in (1, 10)
        for activation in Activation
    ]
    sums = [
        add((3, 4, channels), scales, (5, -20, 9))
        for channels in (1, 6)
        for scales in ((0.01, 0.01, 0.02), (0.5, 0.001, 0.3), (1e-4, 0.7, 0.7), (0.1, 0.1, 1e-6))
    ]
    means = [
        mean(shape, scales)
        for shape in ((1, 1, 3), (7, 5, 6), (16, 16, 2))
        for scales in ((0.02, 0.02), (0.02, 0.001), (0.5, 0.01))
    ]
    _check([*products, *sums, *means], tmp_path)


def _forms(graph: Graph) -> set[bool]:
    """Which forms of requantisation the channels of a one-op network take; True: the short one."""
    numbers = requantisation(graph, graph.ops[0])
    assert isinstance(numbers, Requantisation)
    rights, _ = encoded_rights(graph, graph.ops[0], numbers)
    return set((rights >= 0).tolist())


def test_both_forms_of_requantisation(tmp_path: Path) -> None:
    """Clamps, multipliers near and above one, and tiny ones, which the short form does not take."""
    window = _same((4, 5), (3, 3), (1, 1))
    short = [Numbers(), Numbers(-128, -128), Numbers(127, 127)]
    general = [
        Numbers(output_scale=1e-5),
        Numbers(output_scale=2e-9),
        Numbers(weight_scales=(1e-9, 2e-9), output_scale=1.0, bias=1 << 30),
        Numbers(bias=1 << 30),
        Numbers(bias=-(1 << 30)),
    ]
    mixed = Numbers(weight_scales=(2e-5, 0.5), output_scale=0.004)
    graphs = []
    for numbers in (*short, *general, mixed):
        for activation in (Activation.NONE, Activation.RELU6):
            graphs.append(convolution(RNG, (4, 5, 2), 9, window, activation, numbers))
            graphs.append(depthwise(RNG, (4, 5, 9), window, 1, activation, numbers))
    assert all(_forms(g) == {True} for g in graphs[: 4 * len(short) : 4])
    assert all(_forms(g) == {False} for g in graphs[4 * len(short) : -4])
    assert _forms(graphs[-3]) == {True, False} or _forms(graphs[-4]) == {True, False}
    _check(graphs, tmp_path)
