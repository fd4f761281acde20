"""From the nouns (graph, schedule, network, device, cost) to the members of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinynas.cost import check_timings, estimate_latency
from tinynas.cost.ir import MemoryCost
from tinynas.devices import Device, MemoryKind, load_device
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph, op_macs
from tinynas.report.data import (
    BlockData,
    DeviceData,
    LatencyData,
    LayerData,
    LayerNoise,
    MemoryParts,
    ScheduleData,
)
from tinynas.schedule.ir import Schedule
from tinynas.spaces.network import NetworkShape


def describe_device(device: Device) -> DeviceData:
    """The part, with the sums of its memories."""
    sizes = {kind: sum(r.bytes for r in device.regions if r.kind is kind) for kind in MemoryKind}
    return {
        "name": device.name,
        "core": device.core,
        "clock_hz": device.clock_hz,
        "sram_bytes": sizes[MemoryKind.SRAM],
        "flash_bytes": sizes[MemoryKind.FLASH],
    }


def describe_latency(graph: Graph, device: str, schedule: Schedule) -> LatencyData | None:
    """The estimate for a device of the catalogue; None for one of the user's own, and where no
    timings of the core are known."""
    try:
        found = estimate_latency(graph, load_device(device), schedule)
    except InvalidInputError:
        return None
    return {
        "estimated_ms": found.milliseconds,
        "estimated_cycles": found.cycles,
        "estimated_instructions": found.instructions,
        "without_figures": list(found.unknown),
    }


def why_no_latency(core: str) -> str | None:
    """What to say of a core that no latency is estimated for."""
    try:
        check_timings(core)
    except InvalidInputError as error:
        return error.message
    return None


def describe_cost(cost: MemoryCost) -> MemoryParts:
    """The parts of the predicted SRAM and flash (bytes)."""
    return {
        "arena_bytes": cost.arena_bytes,
        "static_bytes": cost.static_bytes,
        "stack_bytes": cost.stack_bytes,
        "constant_bytes": cost.constant_bytes,
        "code_bytes": cost.code_bytes,
    }


def describe_layers(
    graph: Graph,
    *,
    kernels: Mapping[str, str] | None = None,
    flash_bytes: Mapping[str, int] | None = None,
    instructions: Mapping[str, int] | None = None,
    noise: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[LayerData]:
    """One entry an op, in order; the mappings are by op name and may lack some.

    `noise` has `signal_to_noise_db` and `saturated` (see `tinynas.quantise.noise_report`), by the
    name of the tensor that the op writes.
    """
    flash, executed, lost = flash_bytes or {}, instructions or {}, noise or {}
    return [
        {
            "name": op.name,
            "kind": op.kind,
            "kernel": (kernels or {}).get(op.name),
            "output_shape": list(graph.tensors[op.outputs[0]].shape),
            "macs": op_macs(graph, op),
            "flash_bytes": flash.get(op.name),
            "instructions": executed.get(op.name),
            **_noise(lost.get(op.outputs[0], {})),
        }
        for op in graph.ops
    ]


def _noise(found: Mapping[str, Any]) -> LayerNoise:
    """The part of a layer's noise that a report shows; nothing where it was not measured."""
    if not found:
        return {}
    return {"signal_to_noise_db": found["signal_to_noise_db"], "saturated": found["saturated"]}


def describe_schedule(schedule: Schedule) -> ScheduleData:
    """Segments and buffers as JSON, with the schedule in one line."""
    return {
        "summary": schedule.summary,
        "arena_bytes": schedule.arena_bytes,
        "recomputed_macs": schedule.recomputed_macs,
        "segments": [
            {
                "kind": s.kind.value,
                "first": s.first,
                "last": s.last,
                "grid": list(s.grid),
                "chunk": max(s.chunks, default=s.chunk),
                "fed": s.fed,
            }
            for s in schedule.segments
        ],
        "buffers": [
            {
                "name": b.name,
                "tensor": b.tensor,
                "bytes": b.bytes,
                "first": b.first,
                "last": b.last,
                "offset": b.offset,
            }
            for b in schedule.buffers
        ],
    }


def describe_blocks(network: NetworkShape, graph: Graph) -> list[BlockData]:
    """The blocks of a network of a search space; `graph` is its graph (names of the skeleton)."""
    stem = network.stem
    channels, classes = network.feature_channels, network.classes
    last_size = network.blocks[-1].out_size
    blocks = [
        _block("stem", "stem", graph, stem.kernel, stem.stride, stem.in_channels)
        | {
            "out_channels": stem.out_channels,
            "expanded": stem.in_channels,
            "in_size": stem.in_size,
            "out_size": stem.out_size,
        }
    ]
    for i, b in enumerate(network.blocks):
        blocks.append(
            _block(f"b{i}", "mbconv", graph, b.kernel, b.stride, b.in_channels)
            | {
                "expansion": b.expanded / b.in_channels,
                "expanded": b.expanded,
                "out_channels": b.out_channels,
                "in_size": b.in_size,
                "out_size": b.out_size,
                "residual": b.residual,
            }
        )
    pool = _block("pool", "pool", graph, last_size, 1, channels)
    head = _block("logits", "classifier", graph, 1, 1, channels)
    blocks.append(pool | {"out_channels": channels, "in_size": last_size, "out_size": 1})
    blocks.append(head | {"out_channels": classes, "in_size": 1, "out_size": 1})
    return blocks


def _block(
    name: str, kind: str, graph: Graph, kernel: int, stride: int, in_channels: int
) -> BlockData:
    """A block with its place in the graph; shapes are filled in by the caller."""
    own = [i for i, op in enumerate(graph.ops) if op.name == name or op.name.startswith(name + ".")]
    return {
        "name": name,
        "kind": kind,
        "kernel": kernel,
        "stride": stride,
        "expansion": 1.0,
        "in_channels": in_channels,
        "expanded": in_channels,
        "out_channels": in_channels,
        "in_size": 1,
        "out_size": 1,
        "residual": False,
        "first": own[0],
        "last": own[-1] + 1,
    }
