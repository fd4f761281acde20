"""How long a network takes on a device: an estimate, never a measurement.

Instructions of every op as `tinynas.cost.instructions` has them, times the kernel's cycles an
instruction on the core, plus what waiting for the flash adds: constants that do not fit the data
cache are read anew for every two output pixels.  `docs/kernels.md` says where the numbers come from
and how far estimates were from published latencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from tinynas.cost.instructions import cycles_per_instruction, instructions_of, models
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Device
from tinynas.graph.ir import Conv2D, Graph, Op
from tinynas.schedule.ir import Schedule, SegmentKind
from tinynas.schedule.kernels import Kernel, kernel_in, kernel_of
from tinynas.schedule.stream import stream_segment

_PIXELS_A_READ = {Kernel.POINTWISE_THREE: 3}
"""Pixels that dense kernels compute with one pass over their constants, where not two."""


@dataclass(frozen=True)
class LatencyEstimate:
    """One inference; `unknown` names kernels without figures, counted as nothing."""

    instructions: int
    cycles: int
    milliseconds: float
    unknown: tuple[str, ...]


def estimate_latency(
    graph: Graph, device: Device, schedule: Schedule | None = None
) -> LatencyEstimate:
    """With the schedule's kernels and calls; layer by layer with those of the least flash if none.

    What a schedule recomputes counts in proportion to its multiply-accumulates.

    Raises:
        InvalidInputError: no timings are known for the device's core.
    """
    instructions, cycles, unknown = 0, 0.0, set()
    calls = {} if schedule is None else calls_of(graph, schedule)
    for op in graph.ops:
        kernel = kernel_of(graph, op) if schedule is None else kernel_in(graph, schedule, op)
        number = instructions_of(graph, op, kernel)
        if number is None:
            unknown.add(kernel.value)
            continue
        further = round(models()[kernel].call * (calls.get(op.name, 1) - 1))
        instructions += number + further
        cycles += op_cycles(graph, op, device, kernel)
        cycles += further * cycles_per_instruction(kernel, device.core)
    again = 1.0
    if schedule is not None and graph.macs:
        again += schedule.recomputed_macs / graph.macs
    cycles *= again
    return LatencyEstimate(
        round(instructions * again),
        round(cycles),
        round(1000 * cycles / device.clock_hz, 3),
        tuple(sorted(unknown)),
    )


def calls_of(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """How often the kernel of every op is called: once, for every tile, or for parts of rows."""
    calls: dict[str, int] = {}
    for segment in schedule.segments:
        if segment.kind is SegmentKind.STREAM:
            for stage in stream_segment(graph, segment).stages:
                parts = stage.rows * -(-stage.columns // stage.chunk)
                calls |= {op.name: parts for op in graph.ops[stage.first : stage.last]}
        else:
            calls |= {op.name: prod(segment.grid) for op in graph.ops[segment.first : segment.last]}
    return calls


def op_cycles(graph: Graph, op: Op, device: Device, kernel: Kernel | None = None) -> float:
    """Cycles of one op, run whole; nothing where no figures are known for its kernel."""
    kernel = kernel or kernel_of(graph, op)
    number = instructions_of(graph, op, kernel)
    if number is None:
        return 0.0
    cycles = number * cycles_per_instruction(kernel, device.core)
    return cycles + flash_cycles(graph, op, kernel, device)


def flash_cycles(graph: Graph, op: Op, kernel: Kernel, device: Device) -> float:
    """Cycles that an op waits for its constants; nothing where the device's flash is not known."""
    timing = device.flash_timing
    if timing is None:
        return 0.0
    there = all(t.data is not None for t in map(graph.tensors.get, op.inputs) if t and t.constant)
    # A variant's constants depend on the weights; where there are none yet, none was chosen.
    size = constant_bytes(graph, op, kernel if there else None).total
    passes = 1.0
    if isinstance(op.attributes, Conv2D) and size > timing.cache_bytes:
        out = graph.tensors[op.outputs[0]]
        passes = max(1.0, out.elements / out.shape[-1] / _PIXELS_A_READ.get(kernel, 2))
    return passes * size / timing.line_bytes * timing.wait_states
