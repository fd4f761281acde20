"""Streams as generated C: the integer reference's bytes, in arenas of exactly the planned size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, case_of, run_cases

from benchmarks.kernel_shapes import with_random_variants
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import SegmentKind, plan_segments
from tinynas.schedule.random import random_segments

OPTIONS = RandomGraphOptions(max_size=20, max_channels=24, blocks=(1, 5))


def _cases(seed: int) -> list[Case]:
    """One network under a few mixtures of layer, patch and stream segments, with any kernels."""
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    cases = []
    for _ in range(4):
        segments = random_segments(graph, rng)
        if any(s.kind is SegmentKind.STREAM for s in segments):
            plan = plan_segments(graph, segments)
            cases.append(case_of(graph, with_random_variants(graph, plan, rng), seed))
    return cases


@pytest.mark.parametrize("batch", range(2))
def test_mixtures_with_streams_equal_the_integer_reference(batch: int, tmp_path: Path) -> None:
    cases = [case for seed in range(batch * 25, batch * 25 + 25) for case in _cases(seed)]
    assert len(cases) > 40
    assert sum(case.schedule.fed_by_rows for case in cases) > 10
    chosen = {kernel for case in cases for _, kernel in case.schedule.variants}
    assert chosen >= {"conv_wide", "pointwise_wide", "depthwise_wide"}
    outputs = run_cases(cases, tmp_path)
    for case, actual in zip(cases, outputs, strict=True):
        np.testing.assert_array_equal(actual, case.expected, err_msg=case.schedule.summary)
