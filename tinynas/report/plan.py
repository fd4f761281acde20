"""A candidate as a report would show it, before anything of it is trained or built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from tinynas.cost import memory_cost
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Budget, Device
from tinynas.report.data import BlockData, LayerData, MemoryParts, ScheduleData
from tinynas.report.describe import (
    describe_blocks,
    describe_cost,
    describe_layers,
    describe_schedule,
)
from tinynas.schedule import Segment, plan_segments
from tinynas.spaces import Architecture, Subspace, network_of, skeleton


class Promise(TypedDict):
    """Bytes; nothing is measured yet."""

    budget: int
    predicted: int


class PlanData(TypedDict):
    """The members of a report that follow from architecture, schedule and device alone."""

    blocks: list[BlockData]
    layers: list[LayerData]
    schedule: ScheduleData
    memory_parts: MemoryParts
    sram_bytes: Promise
    flash_bytes: Promise
    macs: int


def describe_plan(
    subspace: Subspace,
    architecture: Architecture,
    segments: Sequence[dict[str, Any]],
    *,
    classes: int,
    input_channels: int,
    device: Device,
    budget: Budget,
) -> PlanData:
    """What a candidate is and costs; `segments` are those of its schedule, as JSON.

    Buffers are placed by the planner that also places those of the generated C.
    """
    network = network_of(subspace, architecture, classes=classes, input_channels=input_channels)
    graph = skeleton(network)
    schedule = plan_segments(graph, [Segment.from_json(s) for s in segments])
    cost = memory_cost(graph, schedule, device.core)
    return {
        "blocks": describe_blocks(network, graph),
        "layers": describe_layers(
            graph, flash_bytes={op.name: constant_bytes(graph, op).total for op in graph.ops}
        ),
        "schedule": describe_schedule(schedule),
        "memory_parts": describe_cost(cost),
        "sram_bytes": {"budget": budget.sram_bytes, "predicted": cost.sram_bytes},
        "flash_bytes": {"budget": budget.flash_bytes, "predicted": cost.flash_bytes},
        "macs": graph.macs,
    }
