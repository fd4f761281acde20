"""Chunks changed after planning: nothing else moves, and the arena holds what runs in it."""

from __future__ import annotations

import numpy as np
import pytest
from arena_executor import run_by_layer, run_in_arena

from tinynas.errors import InvalidInputError
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.schedule import Segment, SegmentKind, plan_segments
from tinynas.schedule.chunks import narrowest, with_chunk
from tinynas.schedule.ir import Schedule
from tinynas.schedule.random import random_segments, streamable_spans
from tinynas.schedule.stream import stream_segment

OPTIONS = RandomGraphOptions(max_size=11, max_channels=7, blocks=(1, 4))


@pytest.mark.parametrize(("columns", "least"), [(1, 1), (5, 2), (9, 2), (36, 2), (40, 7), (7, 9)])
def test_of_every_number_of_parts_the_narrowest(columns: int, least: int) -> None:
    found = list(narrowest(columns, least))
    parts = {-(-columns // n): n for n in sorted(range(least, columns + 1), reverse=True)}
    assert found == sorted({least, *parts.values()}, reverse=True)


@pytest.mark.parametrize("seed", range(30))
def test_wider_stages_give_the_same_bytes_in_their_arena(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng, OPTIONS)
    shape = graph.tensors["input"].shape[1:]
    values = {"input": rng.integers(0, 256, shape, dtype=np.uint8)}
    schedule = plan_segments(graph, random_segments(graph, rng))
    changed = schedule
    for number, segment in enumerate(schedule.segments):
        if segment.kind is SegmentKind.STREAM:
            stages = stream_segment(graph, segment).stages
            index = int(rng.integers(len(stages)))
            chunk = int(rng.integers(1, stages[index].columns + 1))
            changed = with_chunk(graph, changed, number, index, chunk)
    found = run_in_arena(graph, changed, values, seed)
    assert np.array_equal(found, run_by_layer(graph, values)), changed.summary
    assert Schedule.from_json(changed.to_json()) == changed


def test_chunks_are_one_for_every_stage() -> None:
    for seed in range(20):
        graph = random_graph(np.random.default_rng(seed), OPTIONS)
        for first, last in streamable_spans(graph)[:1]:
            segment = Segment(SegmentKind.STREAM, first, last, chunk=2)
            stages = stream_segment(graph, segment).stages
            chunks = (2,) * (len(stages) + 1)
            with pytest.raises(InvalidInputError, match="stages") as error:
                stream_segment(graph, Segment(SegmentKind.STREAM, first, last, chunks=chunks))
            assert error.value.allowed == f"{len(stages)} of them, or none"
            return
    raise AssertionError("no graph had a stream")
