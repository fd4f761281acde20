"""Pools, means, sums and fully connected layers by words: remainders, extremes, and on a core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases
from emit_graphs import add, fully_connected, mean, pool

from benchmarks.kernel_shapes import run_network
from tinynas.build import toolchains
from tinynas.graph.ir import Activation, Graph, Window, same_padding
from tinynas.schedule import plan_layer

RNG = np.random.default_rng(12)
GENERIC = (0.0213, 0.0317, 0.0405)


def _same(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> Window:
    return Window(kernel, stride, same_padding(size, kernel, stride))


def _pools() -> Iterator[Graph]:
    for channels in (1, 3, 4, 7, 8):
        for kernel, stride in (((2, 2), (2, 2)), ((3, 3), (1, 1)), ((1, 5), (1, 2))):
            for largest in (False, True):
                yield pool((5, 6, channels), _same((5, 6), kernel, stride), largest=largest)
    for activation in (Activation.RELU, Activation.RELU6):
        for largest in (False, True):
            yield pool((4, 4, 6), Window((2, 2)), largest=largest, activation=activation)


def _compare(cases: list[Case], folder: Path) -> None:
    for case, actual in zip(cases, run_cases(cases, folder), strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=str(case.graph.ops))


def test_pools_with_every_remainder_of_channels(tmp_path: Path) -> None:
    _compare([case_of(g, plan_layer(g), n) for n, g in enumerate(_pools())], tmp_path)


def test_sums_that_do_not_fit_sixteen_bits(tmp_path: Path) -> None:
    """Windows of 255 pixels and more, all of them the least or the largest byte."""
    cases = []
    for size in ((1, 255), (2, 128), (16, 17), (255, 3)):
        for graph in (
            pool((*size, 5), Window(size), largest=False),
            mean((size[0], 3 * size[1], 5), (0.02, 0.021)),
        ):
            shape = graph.tensors["x"].shape[1:]
            inputs = np.stack([np.full(shape, value, np.int8) for value in (-128, 127)])
            inputs[:, ..., 1::2] ^= -1
            cases.append(Case(graph, plan_layer(graph), inputs))
    _compare(cases, tmp_path)


def test_fully_connected_with_every_remainder(tmp_path: Path) -> None:
    graphs = [
        fully_connected(RNG, (inputs,), outputs)
        for inputs in (*range(1, 6), 8, 14, 35)
        for outputs in range(1, 6)
    ]
    _compare([case_of(g, plan_layer(g), n) for n, g in enumerate(graphs)], tmp_path)


def _on_a_core() -> Iterator[Graph]:
    yield fully_connected(RNG, (43,), 11)
    yield fully_connected(RNG, (57,), 6, Activation.RELU6)
    yield add((19, 20, 21), GENERIC, (5, -20, 9))
    yield add((5, 5, 3), (0.02, 0.01, 0.02), (5, -20, 9))
    yield mean((16, 17, 7), GENERIC[:2])
    for largest in (False, True):
        window = _same((9, 7), (3, 3), (2, 2))
        yield pool((9, 7, 6), window, largest=largest, activation=Activation.RELU6)


@pytest.mark.parametrize("toolchain", [t.name for t in toolchains()])
def test_the_bytes_of_the_reference_on_a_core(toolchain: str) -> None:
    chosen = next(t for t in toolchains() if t.name == toolchain)
    for graph in _on_a_core():
        assert run_network(graph, toolchain=chosen).mismatches == 0
