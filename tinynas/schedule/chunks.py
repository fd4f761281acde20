"""How many columns the stages of a stream hand on at a time, changed after planning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Buffer, Schedule
from tinynas.schedule.packing import align
from tinynas.schedule.scratch import lowest_gap
from tinynas.schedule.stream import stream_segment


def narrowest(columns: int, least: int) -> Iterator[int]:
    """Chunks of a row of `columns`: of every number of parts the narrowest, none below `least`."""
    parts = 1
    while (chunk := -(-columns // parts)) > least:
        yield chunk
        parts = -(-columns // (chunk - 1)) if chunk > 1 else columns + 1
    yield least


def with_chunk(graph: Graph, schedule: Schedule, number: int, index: int, chunk: int) -> Schedule:
    """`schedule` with `chunk` columns in stage `index` of segment `number`.

    What the stage's ops use in turns lies as low as it fits; all else stays where it is, and the
    arena grows where there is no room between it.
    """
    segment = schedule.segments[number]
    stages = stream_segment(graph, segment).stages
    chunks = tuple(chunk if i == index else s.chunk for i, s in enumerate(stages))
    wider = replace(segment, chunks=chunks)
    stream, stage = stream_segment(graph, wider), stages[index]
    fixed: list[Buffer] = []
    turns: list[Buffer] = []
    for buffer in schedule.buffers:
        held = stream.held.get(buffer.tensor or "")
        moves = buffer.tensor is None or (held is not None and held.chunk)
        if not (moves and stage.first <= buffer.first and buffer.last < stage.last):
            fixed.append(buffer)
        elif buffer.tensor is None or held is None:
            turns.append(buffer)
        else:
            tensor = graph.tensors[buffer.tensor]
            size = held.columns * tensor.shape[-1] * tensor.dtype.bytes
            turns.append(replace(buffer, bytes=size, columns=held.columns))
    placed: list[Buffer] = []
    for buffer in sorted(turns, key=lambda b: -b.bytes):
        live = [b for b in (*fixed, *placed) if b.first <= buffer.last and b.last >= buffer.first]
        offset = lowest_gap(((b.offset, b.end) for b in live), buffer.bytes)
        placed.append(replace(buffer, offset=offset))
    segments = (*schedule.segments[:number], wider, *schedule.segments[number + 1 :])
    arena = max(align(b.end) for b in (*fixed, *placed))
    return replace(schedule, segments=segments, buffers=(*fixed, *placed), arena_bytes=arena)
