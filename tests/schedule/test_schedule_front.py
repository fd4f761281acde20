"""Shortest paths over segments against every mixture there is, and the front that they make."""

from __future__ import annotations

from collections.abc import Iterator

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
    front,
    patch_points,
    plan,
    plan_layer,
    plan_segments,
)
from tinynas.schedule.paths import cut_points, useful
from tinynas.schedule.stream import can_be_fed, is_streamable

OPTIONS = RandomGraphOptions(min_size=6, max_size=10, max_channels=8, blocks=(1, 3))


def small_graph(seed: int) -> Graph:
    return random_graph(np.random.default_rng(seed), OPTIONS)


def all_mixtures(graph: Graph) -> Iterator[list[Segment]]:
    """Every way to cut a graph at its cuts into layers, streams, and patches in front."""
    cuts = [0, *useful(graph, cut_points(graph))]

    def from_cut(n: int) -> Iterator[list[Segment]]:
        if cuts[n] == len(graph.ops):
            yield []
            return
        for m in range(n + 1, len(cuts)):
            for segment in between(cuts[n], cuts[m]):
                for rest in from_cut(m):
                    yield [segment, *rest]

    def between(first: int, last: int) -> Iterator[Segment]:
        yield Segment(SegmentKind.LAYER, first, last)
        if last - first > 1 and is_streamable(graph, first, last):
            yield Segment(SegmentKind.STREAM, first, last, chunk=2)
        if first == 0 and last in patch_points(graph):
            _, height, width, _ = graph.tensors[graph.ops[last - 1].outputs[0]].shape
            for rows in range(1, min(4, height) + 1):
                for columns in range(1, min(4, width) + 1):
                    if rows * columns > 1:
                        yield Segment(SegmentKind.PATCH, 0, last, (rows, columns))

    return from_cut(0)


def dominated(schedule: Schedule, others: list[Schedule]) -> bool:
    return any(
        o.arena_bytes <= schedule.arena_bytes and o.recomputed_macs <= schedule.recomputed_macs
        for o in others
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_mixture_is_below_the_front(seed: int) -> None:
    graph = small_graph(seed)
    found = front(graph)
    macs = [s.recomputed_macs for s in found]
    arenas = [s.arena_bytes for s in found]
    assert macs == sorted(set(macs))
    assert arenas == sorted(set(arenas), reverse=True)
    mixtures = list(all_mixtures(graph))
    rng = np.random.default_rng(seed)
    for i in rng.permutation(len(mixtures))[:60]:
        schedule = plan_segments(graph, mixtures[i])
        bounds = [
            s.lower_bound_bytes for s in found if s.recomputed_macs <= schedule.recomputed_macs
        ]
        assert min(bounds) <= schedule.arena_bytes, schedule.summary
        assert dominated(schedule, found) or min(bounds) < schedule.arena_bytes


@pytest.mark.parametrize("seed", range(8))
def test_the_front_runs_in_its_arenas(seed: int) -> None:
    graph = small_graph(seed)
    rng = np.random.default_rng(seed)
    shape = graph.tensors["input"].shape[1:]
    values = {"input": rng.integers(0, 256, shape, dtype=np.uint8)}
    expected = run_by_layer(graph, values)
    for schedule in front(graph):
        assert np.array_equal(run_in_arena(graph, schedule, values, seed), expected)


def test_what_fits_layer_by_layer_is_not_cut_up() -> None:
    graph = small_graph(2)
    arena = plan_layer(graph).arena_bytes
    assert [s.kind for s in plan(graph, arena_bytes=arena).segments] == [SegmentKind.LAYER]


def test_an_image_fed_by_rows_begins_a_stream() -> None:
    fed = 0
    for seed in range(12):
        graph = small_graph(seed)
        if not any(can_be_fed(graph, n) for n in useful(graph, cut_points(graph))):
            with pytest.raises(InvalidInputError, match="row by row"):
                front(graph, fed=True)
            continue
        schedule = front(graph, fed=True)[-1]
        fed += 1
        assert schedule.fed_by_rows
        assert schedule.buffer_of("input").rows <= graph.tensors["input"].shape[1]
        with pytest.raises(InfeasibleBudgetError):
            plan(graph, arena_bytes=schedule.arena_bytes - 4, fed=True)
    assert fed > 4
