"""Every operator: the generated C gives the integer reference's bytes, in random graphs of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases

from tinynas.graph.ir import Graph, Op
from tinynas.graph.random_operators import random_operators
from tinynas.schedule import plan_layer
from tinynas.schedule.kernels import Kernel, kernel_of

FEW, MANY = 60, 400


def towards(graph: Graph, output: str) -> Graph:
    """What computes `output` alone."""
    needed, kept = {output}, list[Op]()
    for op in reversed(graph.ops):
        if needed & set(op.outputs):
            kept.insert(0, op)
            needed |= set(op.inputs)
    tensors = {n: t for n, t in graph.tensors.items() if n in needed}
    inputs = tuple(n for n in graph.inputs if n in needed)
    return replace(
        graph, tensors=tensors, ops=tuple(kept), inputs=inputs, outputs=(output,), signature=None
    )


def _cases(count: int) -> list[Case]:
    """Of random graphs the way to each output, where it begins at one input."""
    cases = []
    for seed in range(count):
        whole = random_operators(np.random.default_rng(seed))
        for output in whole.outputs:
            graph = towards(whole, output)
            if len(graph.inputs) == 1:
                cases.append(case_of(graph, plan_layer(graph), seed))
    return cases


def _compare(cases: list[Case], folder: Path) -> None:
    outputs = run_cases(cases, folder)
    varied = 0
    for case, actual in zip(cases, outputs, strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=str(case.graph.ops))
        varied += len(np.unique(actual)) > 1
    assert varied > 0.8 * len(cases), "networks that always give one byte would prove nothing"


def test_every_kernel_equals_the_integer_reference(tmp_path: Path) -> None:
    cases = _cases(FEW)
    met = Counter(kernel_of(c.graph, op) for c in cases for op in c.graph.ops)
    assert all(met[kernel] >= 2 for kernel in Kernel), met
    _compare(cases, tmp_path)


@pytest.mark.slow
def test_many_graphs_of_all_operators(tmp_path: Path) -> None:
    _compare(_cases(MANY)[len(_cases(FEW)) :], tmp_path)
