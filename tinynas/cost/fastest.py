"""A schedule's fastest form within a budget: kernels for flash, wider streams for SRAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinynas.cost.code import DEFAULT_COMPILER
from tinynas.cost.latency import effort, op_effort, parts_of, parts_of_rows
from tinynas.cost.memory import memory_cost
from tinynas.cost.variants import with_variants
from tinynas.devices import Budget, Device
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, SegmentKind
from tinynas.schedule.chunks import narrowest, with_chunk
from tinynas.schedule.ir import Segment
from tinynas.schedule.kernels import kernel_in
from tinynas.schedule.stream import Stage, stream_segment


def fastest(
    graph: Graph,
    schedule: Schedule,
    budget: Budget,
    device: Device,
    compiler: str = DEFAULT_COMPILER,
) -> Schedule:
    """`schedule` with the kernels, and the columns that streams hand on at a time, of the least
    effort (`tinynas.cost.latency.op_effort`) within the budget.

    Planner and search count with the fewest columns.  More of them save calls, and pixels that
    kernels compute in twos and threes; they take what SRAM there is, stage by stage.  Segments
    stay the same.
    """
    if all(s.kind is not SegmentKind.STREAM for s in schedule.segments):
        return with_variants(graph, schedule, budget, device, compiler)
    rows = parts_of(graph, replace(schedule, segments=tuple(map(_by_rows, schedule.segments))))
    choices = []
    for parts in (None, rows):  # kernels that are best as it is, and if there were room for rows
        chosen = with_variants(graph, schedule, budget, device, compiler, parts)
        rest = memory_cost(graph, chosen, device.core, compiler).sram_bytes - chosen.arena_bytes
        choices.append(_widened(graph, chosen, device, budget.sram_bytes - rest))
    return min(choices, key=lambda s: effort(graph, device, s))


def _by_rows(segment: Segment) -> Segment:
    wide = replace(segment, chunk=1 << 16, chunks=())
    return wide if segment.kind is SegmentKind.STREAM else segment


def _widened(graph: Graph, schedule: Schedule, device: Device, arena_bytes: int) -> Schedule:
    """Every stage with the columns of the least effort that fit the arena."""
    for number, segment in enumerate(schedule.segments):
        if segment.kind is not SegmentKind.STREAM:
            continue
        for index, stage in enumerate(stream_segment(graph, segment).stages):
            if stage.last - stage.first == 1:
                continue
            for chunk in _by_effort(graph, schedule, stage, device):
                wider = with_chunk(graph, schedule, number, index, chunk)
                if wider.arena_bytes <= max(arena_bytes, schedule.arena_bytes):
                    schedule = wider
                    break
    return schedule


def _by_effort(graph: Graph, schedule: Schedule, stage: Stage, device: Device) -> Iterator[int]:
    """Numbers of columns for a stage, those of the least effort first."""
    ops = graph.ops[stage.first : stage.last]

    def of_stage(chunk: int) -> float:
        parts = parts_of_rows(stage.rows, stage.columns, chunk)
        return sum(op_effort(graph, o, device, kernel_in(graph, schedule, o), parts) for o in ops)

    return iter(sorted(narrowest(stage.columns, stage.chunk), key=of_stage))
