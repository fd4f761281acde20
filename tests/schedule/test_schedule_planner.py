"""Every schedule runs in exactly its arena and gives what layer by layer gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
from arena_executor import run_by_layer, run_in_arena

from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import (
    Schedule,
    Segment,
    SegmentKind,
    candidate_segments,
    front,
    patch_points,
    plan,
    plan_layer,
    plan_patch,
    plan_segments,
    schedules_for,
)
from tinynas.schedule.packing import ALIGNMENT
from tinynas.spaces import Architecture, Subspace, load_space, network_of, skeleton

OPTIONS = RandomGraphOptions(max_size=11, max_channels=9, blocks=(1, 4))


def network(seed: int = 0, resolution: int = 32) -> Graph:
    space = load_space("tiny")
    row = space.sample(1, np.random.default_rng(seed))
    architecture = Architecture.of_rows(space, row)[0]
    shape = network_of(Subspace(space, 0.5, resolution), architecture, classes=10, input_channels=3)
    return skeleton(shape)


def random_input(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    shape = graph.tensors["input"].shape[1:]
    return {"input": rng.integers(0, 256, shape, dtype=np.uint8)}


def some_schedules(graph: Graph, rng: np.random.Generator, count: int) -> list[Schedule]:
    candidates = list(candidate_segments(graph))
    chosen = rng.permutation(len(candidates) - 1)[: count - 1] + 1
    return [plan_segments(graph, candidates[i]) for i in (0, *chosen)]


@pytest.mark.parametrize("seed", range(60))
def test_schedules_give_the_same_bytes_in_exactly_their_arena(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    values = random_input(graph, rng)
    expected = run_by_layer(graph, values)
    for schedule in some_schedules(graph, rng, 4):
        assert np.array_equal(run_in_arena(graph, schedule, values, seed), expected), schedule


def test_the_oracle_sees_a_buffer_that_is_one_word_too_close() -> None:
    """Moving a buffer down by a word must show where an output overlaps it."""
    caught = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, RandomGraphOptions(max_size=8, max_channels=6, blocks=(1, 2)))
        values = random_input(graph, rng)
        schedule = plan_layer(graph)
        expected = run_by_layer(graph, values)
        for k, buffer in enumerate(schedule.buffers):
            if buffer.offset == 0:
                continue
            moved = Schedule(
                schedule.segments,
                tuple(
                    b if i != k else type(b)(**{**vars(b), "offset": b.offset - ALIGNMENT})
                    for i, b in enumerate(schedule.buffers)
                ),
                schedule.arena_bytes,
                0,
            )
            caught += not np.array_equal(run_in_arena(graph, moved, values), expected)
    assert caught > 20


@pytest.mark.parametrize("seed", range(40))
def test_buffers_are_aligned_inside_the_arena_and_no_bound_is_broken(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, RandomGraphOptions())
    for schedule in some_schedules(graph, rng, 6):
        assert schedule.lower_bound_bytes <= schedule.arena_bytes
        assert max(b.end for b in schedule.buffers) <= schedule.arena_bytes
        assert all(b.offset >= 0 and b.offset % ALIGNMENT == 0 for b in schedule.buffers)


@pytest.mark.parametrize("seed", range(10))
def test_networks_of_a_space_reach_the_lower_bound(seed: int) -> None:
    graph = network(seed)
    for schedule in some_schedules(graph, np.random.default_rng(seed), 20):
        assert schedule.arena_bytes == schedule.lower_bound_bytes


def test_an_overlap_saves_what_it_promises() -> None:
    """Layer by layer in less than input and output of the largest op side by side."""
    graph = network()
    side_by_side = max(
        sum(t.bytes for t in graph.activations_in(op)) + graph.tensors[op.outputs[0]].bytes
        for op in graph.ops
    )
    assert plan_layer(graph).arena_bytes < 0.85 * side_by_side


def test_patches_need_less_memory_and_more_work() -> None:
    graph = network(seed=1, resolution=64)
    by_layer = plan_layer(graph)
    patched = plan(graph, arena_bytes=int(by_layer.arena_bytes * 0.7), kinds="patch")
    assert patched.arena_bytes <= by_layer.arena_bytes * 0.7
    assert patched.recomputed_macs > 0
    assert patched.segments[0].kind is SegmentKind.PATCH


@pytest.mark.parametrize("kinds", ["all", "patch", "stream"])
def test_no_simple_schedule_that_fits_recomputes_less_than_the_plan(kinds: str) -> None:
    graph = network(seed=2, resolution=64)
    every = schedules_for(graph, kinds)
    arenas = sorted({s.arena_bytes for s in every})
    for arena in arenas[:: max(1, len(arenas) // 8)]:
        chosen = plan(graph, arena_bytes=arena, kinds=kinds)
        assert chosen.arena_bytes <= arena
        assert chosen.recomputed_macs <= min(
            s.recomputed_macs for s in every if s.arena_bytes <= arena
        )


def test_an_arena_that_is_too_small_is_refused_with_the_smallest_that_would_do() -> None:
    graph = network(seed=3)
    with pytest.raises(InfeasibleBudgetError) as error:
        plan(graph, arena_bytes=500)
    smallest = error.value.required_bytes
    assert smallest == front(graph)[-1].arena_bytes
    assert smallest <= min(s.arena_bytes for s in schedules_for(graph))
    assert plan(graph, arena_bytes=smallest).arena_bytes == smallest


def test_kinds_select_candidates() -> None:
    graph = network()
    assert [s.segments[0].kind for s in schedules_for(graph, "layer")] == [SegmentKind.LAYER]
    assert {s.segments[0].kind for s in schedules_for(graph, "patch")} == {SegmentKind.PATCH}
    assert {s.segments[0].kind for s in schedules_for(graph, "stream")} == {SegmentKind.STREAM}
    kinds = {s.kind for s in plan(graph, arena_bytes=1 << 20, kinds="layer").segments}
    assert kinds == {SegmentKind.LAYER}
    with pytest.raises(InvalidInputError, match="telepathy"):
        schedules_for(graph, "telepathy")


def test_an_impossible_patch_point_is_refused_with_the_possible_ones() -> None:
    graph = network()
    with pytest.raises(InvalidInputError) as error:
        plan_patch(graph, 1, (2, 2))
    assert error.value.allowed == list(patch_points(graph))


def test_segments_must_cover_the_ops() -> None:
    graph = network()
    count = len(graph.ops)
    for segments in (
        [Segment(SegmentKind.LAYER, 0, count - 1)],
        [Segment(SegmentKind.LAYER, 1, count)],
        [Segment(SegmentKind.LAYER, 0, 5), Segment(SegmentKind.LAYER, 4, count)],
        [],
    ):
        with pytest.raises(InvalidInputError, match="cover"):
            plan_segments(graph, segments)


def test_json_keeps_everything() -> None:
    schedule = plan_patch(network(), patch_points(network())[0], (2, 3))
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


def test_planning_is_deterministic() -> None:
    assert plan(network(), arena_bytes=9000) == plan(network(), arena_bytes=9000)
