"""A few cells of `benchmarks.memory_matrix`: what is promised is linked and measured."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.memory_matrix import measured, schedules_of
from tinynas.build import toolchains
from tinynas.devices import load_device
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.random_operators import random_operators


def networks() -> list[Graph]:
    """A chain that has patches, and a graph of several inputs and outputs."""
    options = RandomGraphOptions(max_size=16, max_channels=16, blocks=(2, 3), classifier=True)
    seeds = (random_operators(np.random.default_rng(seed)) for seed in range(200, 300))
    several = (g for g in seeds if len(g.inputs) > 1 and len(g.outputs) > 1)
    return [random_graph(np.random.default_rng(100), options), *islice(several, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["stm32f411xe", "stm32f746xg"])
def test_promises_are_kept(part: str, tmp_path: Path) -> None:
    device = load_device(part)
    rows = [
        measured(str(n), graph, schedule, device, toolchain, tmp_path)
        for n, graph in enumerate(networks())
        for schedule in schedules_of(graph)
        for toolchain in toolchains()[:1]
    ]
    assert len({row.schedule for row in rows if row is not None}) >= 3
    for row in rows:
        assert row is not None
        assert row.exact, row
        assert row.deviation <= 1, row
