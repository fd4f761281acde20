"""Batched costs are the planner's own, network by network, schedule by schedule."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.cost import code_sizes, memory_cost
from tinynas.cost.cheapest import GRIDS, cheapest_schedules, stream_segments
from tinynas.cost.device import layer_costs, patch_costs, stream_costs
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.devices import Budget
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule import (
    Schedule,
    plan_layer,
    plan_patch,
    plan_segments,
    schedules_for,
)
from tinynas.schedule.planner import worthwhile_points
from tinynas.spaces import (
    Architecture,
    SearchSpace,
    Subspace,
    load_space,
    network_of,
    parse_space,
    skeleton,
)

WIDE = """
name: wide
description: Widths are searched, too; a residual first block; odd channel counts.
resolutions: [20, 33, 48]
width_multipliers: [0.3, 0.6, 1.0]
channel_divisor: 3
activation: relu
stem: {channels: 16, kernel: 3, stride: 2}
first_block: {channels: 16, kernel: 5, stride: 1}
stages:
  - {channels: 20, stride: 1, depths: [1, 2, 3], kernels: [3, 7], expansions: [2, 5], widths: [0.5, 1.0]}
  - {channels: 40, stride: 2, depths: [1, 3], kernels: [3, 5], expansions: [3, 6], widths: [0.5, 0.75, 1.0]}
  - {channels: 64, stride: 2, depths: [1, 2], kernels: [5], expansions: [4], widths: [1.0]}
"""  # noqa: E501
CORE = "cortex-m4"
SIZES = code_sizes(CORE)


def space_of(name: str) -> SearchSpace:
    return parse_space(WIDE, source="wide") if name == "wide" else load_space(name)


class Sampled:
    """Random networks in all subspaces of a space, costed together."""

    def __init__(self, name: str, count: int = 400, channels: int = 3) -> None:
        self.space = space_of(name)
        self.channels = channels
        self.rng = np.random.default_rng(sum(map(ord, name)))
        self.subspaces = tuple(self.space.subspaces())
        rows = self.space.sample(count, self.rng)
        self.architectures = Architecture.of_rows(self.space, rows)
        self.population = Population(Tables(self.subspaces, 7, channels), rows)

    def pick(self) -> tuple[int, int, Graph]:
        s = int(self.rng.integers(len(self.subspaces)))
        n = int(self.rng.integers(len(self.architectures)))
        return s, n, graph_of(self.subspaces[s], self.architectures[n], self.channels)


def graph_of(subspace: Subspace, architecture: Architecture, channels: int) -> Graph:
    return skeleton(network_of(subspace, architecture, classes=7, input_channels=channels))


def costs_of(graph: Graph, schedule: Schedule) -> tuple[int, int, int]:
    cost = memory_cost(graph, schedule, CORE)
    return cost.sram_bytes, cost.flash_bytes, schedule.recomputed_macs


@pytest.mark.parametrize("name", ["tiny", "mcunet", "wide"])
def test_layer_costs_are_the_planners(name: str) -> None:
    sampled = Sampled(name)
    costs = layer_costs(sampled.population, SIZES)
    for _ in range(150):
        s, n, graph = sampled.pick()
        expected = costs_of(graph, plan_layer(graph))
        assert (costs.sram[s, n], costs.flash[s, n], 0) == expected
        assert sampled.population.macs[s, n] == graph.macs
        assert sampled.population.ops[s, n] == len(graph.ops)


@pytest.mark.parametrize("blocks", range(1, 8))
@pytest.mark.parametrize("name", ["tiny", "mcunet", "wide"])
def test_patch_costs_are_the_planners(name: str, blocks: int) -> None:
    sampled = Sampled(name, count=60, channels=1 + blocks % 3)
    costs = patch_costs(sampled.population, SIZES, blocks, GRIDS)
    compared = 0
    for _ in range(30):
        s, n, graph = sampled.pick()
        grid = int(sampled.rng.integers(len(GRIDS)))
        found = tuple(int(a[s, n, grid]) for a in (costs.sram, costs.flash, costs.recomputed_macs))
        points = block_ends(graph)
        try:
            schedule = plan_patch(graph, points[blocks - 1], GRIDS[grid])
        except (InvalidInputError, IndexError):
            assert found[0] > 1 << 40
            continue
        compared += 1
        assert found == costs_of(graph, schedule), (graph.name, s, n, GRIDS[grid])
    assert compared or blocks > 3


def block_ends(graph: Graph) -> list[int]:
    """Ops up to the end of each block."""
    names = [op.name for op in graph.ops]
    ends = []
    for b in range(len(names)):
        last = [n for n in (f"b{b}.add", f"b{b}.project") if n in names]
        ends += [names.index(last[0]) + 1] if last else []
    return ends


@pytest.mark.parametrize("name", ["tiny", "mcunet"])
def test_the_planner_cuts_behind_blocks(name: str) -> None:
    """So that the batched patch points are all that it considers."""
    sampled = Sampled(name)
    for _ in range(20):
        _, _, graph = sampled.pick()
        assert list(worthwhile_points(graph)) == block_ends(graph)


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("name", ["tiny", "mcunet", "wide"])
def test_stream_costs_are_the_planners_or_just_above(name: str, fed: bool) -> None:
    """Flash exactly; SRAM at most, and hardly ever more than the planner finds."""
    sampled = Sampled(name, count=60)
    above = compared = 0
    for blocks in range(1, 8):
        costs = stream_costs(sampled.population, SIZES, blocks, fed=fed)
        for _ in range(6):
            s, n, graph = sampled.pick()
            ends = block_ends(graph)
            if blocks > len(ends):
                assert costs.sram[s, n] > 1 << 40
                continue
            segments = stream_segments(ends, blocks, len(graph.ops), fed=fed)
            sram, flash, recomputed = costs_of(graph, plan_segments(graph, segments))
            assert (costs.flash[s, n], recomputed) == (flash, 0)
            assert costs.sram[s, n] >= sram
            above += int(costs.sram[s, n] > sram)
            compared += 1
    assert compared > 20
    assert above <= 0.1 * compared


@pytest.mark.parametrize("kinds", ["layer", "patch", "stream", "all"])
def test_the_cheapest_schedule_is_the_best_of_all_planned(kinds: str) -> None:
    space = load_space("tiny")
    subspace = Subspace(space, 0.5, 32)
    rows = space.sample(6, np.random.default_rng(1))
    population = Population(Tables((subspace,), 7, 3), rows)
    for sram in (4_000, 8_000, 16_000):
        budget = Budget(sram, 60_000)
        found = cheapest_schedules(population, SIZES, budget, kinds)
        for n, architecture in enumerate(Architecture.of_rows(space, rows)):
            graph = graph_of(subspace, architecture, 3)
            every = [costs_of(graph, s) for s in schedules_for(graph, kinds)]
            fitting = [c for c in every if c[0] <= sram and c[1] <= 60_000]
            assert bool(found.fits[n]) == bool(fitting)
            if fitting:
                best = min((c[2], c[0]) for c in fitting)
                assert (found.recomputed_macs[n], found.sram[n]) == best
            planned = plan_segments(graph, found.segments(n, len(graph.ops)))
            costs = (found.sram[n], found.flash[n], found.recomputed_macs[n])
            assert costs == costs_of(graph, planned)


def test_a_limit_on_macs_changes_no_schedule() -> None:
    """It is of the network computed once, so recomputation is not held against it."""
    space = load_space("tiny")
    population = Population(
        Tables((Subspace(space, 0.5, 32),), 7, 3), space.sample(50, np.random.default_rng(2))
    )
    free = cheapest_schedules(population, SIZES, Budget(9_000, 1 << 20), "patch")
    limited = cheapest_schedules(population, SIZES, Budget(9_000, 1 << 20, macs=1), "patch")
    assert free.fits.any()
    assert free.recomputed_macs[free.fits].max() > 0
    assert (free.recomputed_macs == limited.recomputed_macs).all()


def test_unknown_kinds_are_refused() -> None:
    sampled = Sampled("tiny", count=1)
    with pytest.raises(InvalidInputError, match="telepathy"):
        cheapest_schedules(sampled.population, SIZES, Budget(1, 1), "telepathy")
