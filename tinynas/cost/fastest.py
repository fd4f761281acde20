"""A schedule's fastest form within a budget: kernels for flash, wider streams for SRAM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tinynas.cost.code import DEFAULT_COMPILER
from tinynas.cost.latency import estimate_latency
from tinynas.cost.memory import memory_cost
from tinynas.cost.variants import with_variants
from tinynas.devices import Budget, Device
from tinynas.graph.ir import Graph
from tinynas.schedule import Schedule, SegmentKind, plan_segments
from tinynas.schedule.stream import stream_segment


def fastest(
    graph: Graph,
    schedule: Schedule,
    budget: Budget,
    device: Device,
    compiler: str = DEFAULT_COMPILER,
) -> Schedule:
    """`schedule` with the kernels, and the columns that streams hand on at a time, of the least
    estimated cycles within the budget.

    Planner and search count with the fewest columns.  More of them take a little SRAM and save
    calls; segments stay the same.
    """
    choices = [with_variants(graph, schedule, budget, device, compiler)]
    for wider in _wider(graph, schedule):
        if memory_cost(graph, wider, device.core, compiler).sram_bytes <= budget.sram_bytes:
            choices.append(with_variants(graph, wider, budget, device, compiler))
    return min(choices, key=lambda s: estimate_latency(graph, device, s).cycles)


def _wider(graph: Graph, schedule: Schedule) -> Iterator[Schedule]:
    """The same segments, streams handing on four times as many columns, and so on up to a row."""
    streams = [s for s in schedule.segments if s.kind is SegmentKind.STREAM]
    stages = [stage for s in streams for stage in stream_segment(graph, s).stages]
    widest = max((stage.columns for stage in stages), default=0)
    chunk = min((s.chunk for s in streams), default=0)
    while 0 < chunk < widest:
        chunk *= 4
        yield plan_segments(
            graph,
            [
                replace(s, chunk=max(s.chunk, chunk)) if s.kind is SegmentKind.STREAM else s
                for s in schedule.segments
            ],
        )
