"""Every operator: the generated C gives the integer reference's bytes, in random graphs of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases, with_all_outputs

from tinynas.graph.ir import AveragePool2D, Graph, MaxPool2D, Op
from tinynas.graph.random_operators import random_operators
from tinynas.schedule import plan_layer, plan_patch
from tinynas.schedule.kernels import BASE, Kernel, kernel_of
from tinynas.schedule.windows import window_of

FEW, MANY = 40, 200


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
    """Random graphs whole, and again with every tensor as an output of its own."""
    cases = []
    for seed in range(count):
        graph = random_operators(np.random.default_rng(seed))
        for one in (graph, with_all_outputs(graph)):
            cases.append(case_of(one, plan_layer(one), seed))
    return cases


def _pooled_patches(count: int) -> list[Case]:
    """Random beginnings with a pool among their first ops, in patches that reach beyond it."""
    cases: list[Case] = []
    seed = 0
    while len(cases) < count:
        seed += 1
        graph = random_operators(np.random.default_rng(seed))
        ends = [n for n in range(2, len(graph.ops) + 1) if _is_chain(graph, n)]
        for end in ends[-1:]:
            cut = towards(graph, graph.ops[end - 1].outputs[0])
            _, rows, columns, _ = cut.tensors[cut.outputs[0]].shape
            grid = (min(3, rows), min(2, columns))
            cases.append(case_of(cut, plan_patch(cut, end, grid), seed))
    return cases


def _is_chain(graph: Graph, end: int) -> bool:
    """Whether the first `end` ops are patchable, one after the other, with a pool in them."""
    ops = graph.ops[:end]
    follow = all(b.inputs[0] == a.outputs[0] for a, b in pairwise(ops))
    pools = any(isinstance(op.attributes, (AveragePool2D, MaxPool2D)) for op in ops)
    single = all(len(list(graph.activations_in(op))) == 1 for op in ops)
    return follow and pools and single and all(window_of(op) is not None for op in ops)


def test_pools_in_patches(tmp_path: Path) -> None:
    _compare(_pooled_patches(8), tmp_path)


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
    assert all(met[kernel] >= 2 for kernel in set(Kernel) - set(BASE)), met
    _compare(cases, tmp_path)


@pytest.mark.slow
def test_many_graphs_of_all_operators(tmp_path: Path) -> None:
    _compare(_cases(MANY)[len(_cases(FEW)) :], tmp_path)
