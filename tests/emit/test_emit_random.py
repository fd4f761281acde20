"""Random networks: the generated C gives the integer reference's bytes under every schedule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases, truncated

from benchmarks.kernel_shapes import with_random_variants
from tinynas.graph.ir import Graph
from tinynas.graph.random import random_graph
from tinynas.schedule import patch_points, plan_layer, plan_patch

GRAPHS = 200
BATCH = 50


def _random_cases(seed: int) -> list[Case]:
    """One network, whole or cut after some op, layer by layer and, where it can be, in patches.

    In turn with the kernels of the least flash, and with any of those that can run each op.
    """
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    if seed % 2:
        graph = truncated(graph, int(rng.integers(1, len(graph.ops) + 1)))
    plans = [plan_layer(graph)]
    points = patch_points(graph)
    if points:
        ops = points[int(rng.integers(len(points)))]
        plans.append(plan_patch(graph, ops, _random_grid(graph, ops, rng)))
    if seed // 2 % 2:
        plans = [with_random_variants(graph, plan, rng) for plan in plans]
    return [case_of(graph, plan, seed) for plan in plans]


def _random_grid(graph: Graph, ops: int, rng: np.random.Generator) -> tuple[int, int]:
    _, rows, columns, _ = graph.tensors[graph.ops[ops - 1].outputs[0]].shape
    return int(rng.integers(1, min(4, rows) + 1)), int(rng.integers(1, min(4, columns) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(GRAPHS // BATCH))
def test_generated_c_equals_the_integer_reference(batch: int, tmp_path: Path) -> None:
    cases = [c for seed in range(batch * BATCH, (batch + 1) * BATCH) for c in _random_cases(seed)]
    assert len(cases) > BATCH, "some networks must have a patch schedule too"
    outputs = run_cases(cases, tmp_path)
    varied = 0
    for case, actual in zip(cases, outputs, strict=True):
        np.testing.assert_array_equal(
            actual, case.expected, err_msg=f"{case.schedule.summary} of {case.graph.ops}"
        )
        varied += len(np.unique(actual)) > 1
    assert varied > 0.9 * len(cases), "networks that always give one byte would prove nothing"
