"""Scratch memory for kernels that were chosen after the arena was planned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Buffer, Schedule
from tinynas.schedule.kernels import kernel_in, scratch_bytes, scratch_name
from tinynas.schedule.packing import align


def with_scratch(graph: Graph, schedule: Schedule) -> Schedule:
    """`schedule` with the scratch memory of its kernels where it lacks it, as low as it fits.

    Other buffers stay where they are; the arena grows where there is no room between them.
    """
    for index, op in enumerate(graph.ops):
        size = scratch_bytes(graph, op, kernel_in(graph, schedule, op))
        name = scratch_name(op)
        if size and not any(b.name == name and b.bytes >= size for b in schedule.buffers):
            others = [b for b in schedule.buffers if b.name != name]
            # Where ops take turns, what outlives a turn is live during all of them.
            live = [b for b in others if b.first <= index <= b.last]
            offset = lowest_gap(((b.offset, b.end) for b in live), size)
            buffer = Buffer(name, size, index, index, offset)
            schedule = replace(
                schedule,
                buffers=(*others, buffer),
                arena_bytes=max(schedule.arena_bytes, align(offset + size)),
            )
    return schedule


def lowest_gap(taken: Iterable[tuple[int, int]], size: int) -> int:
    """The least aligned offset at which `size` bytes touch none of the (begin, end) intervals."""
    offset = 0
    for begin, end in sorted(taken):
        if begin - offset >= size:
            break
        offset = max(offset, align(end))
    return offset
