"""How long a network takes on a device: an estimate, never a measurement.

Instructions of every op as `tinynas.cost.instructions` has them, times the kernel's cycles an
instruction on the core, plus what waiting for the flash adds: constants that do not fit the data
cache are read anew for every two output pixels.  `docs/kernels.md` says where the numbers come from
and how far estimates were from published latencies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tinynas.cost.instructions import (
    DSP_CORE,
    FEATURES,
    check_timings,
    cycles_per_instruction,
    features_of,
    file_of,
    has_timings,
    instructions_of,
    models,
)
from tinynas.cost.layout import constant_bytes
from tinynas.devices import Device
from tinynas.graph.ir import Conv2D, Graph, Op
from tinynas.schedule.ir import Schedule, SegmentKind
from tinynas.schedule.kernels import EXPANDED, SLIDES, THREE, WIDE, Kernel, kernel_in, kernel_of
from tinynas.schedule.stream import stream_segment
from tinynas.schedule.windows import tile_windows

PIXELS_AT_ONCE = {
    Kernel.CONV: 2,
    Kernel.CONV_EXPANDED: 3,
    Kernel.CONV_THREE: 3,
    Kernel.CONV_WIDE: 3,
    Kernel.POINTWISE: 2,
    Kernel.POINTWISE_EXPANDED: 3,
    Kernel.POINTWISE_WIDE: 3,
    Kernel.POINTWISE_THREE: 3,
}
"""Pixels that dense kernels compute with one pass over their constants; what a call lacks to the
last of them costs what it would if it were there, but for what twos compute."""

_TWO = dict.fromkeys(THREE, 2.2) | dict.fromkeys(WIDE | EXPANDED, 2.0)
"""Pixels that two cost which are computed together: the last two, or four, of a row of more than
one."""

Parts = Mapping[int, int]
"""How often the kernel of an op is called, by the output pixels of a call."""


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

    What patches recompute counts op by op, in proportion to the pixels.

    Raises:
        InvalidInputError: no timings are known for the device's core.
    """
    check_timings(device.core)
    instructions, cycles, unknown = 0, 0.0, set()
    parts = {} if schedule is None else parts_of(graph, schedule)
    for op in graph.ops:
        kernel = kernel_of(graph, op) if schedule is None else kernel_in(graph, schedule, op)
        number = op_instructions(graph, op, kernel, parts.get(op.name), device.core)
        if number is None:
            unknown.add(kernel.value)
            continue
        instructions += number
        cycles += op_cycles(graph, op, device, kernel, parts.get(op.name))
    return LatencyEstimate(
        instructions,
        round(cycles),
        round(1000 * cycles / device.clock_hz, 3),
        tuple(sorted(unknown)),
    )


def parts_of(graph: Graph, schedule: Schedule) -> dict[str, Parts]:
    """The calls of every op that does not run whole: a part of a row each, or a tile."""
    parts: dict[str, Parts] = {}
    for segment in schedule.segments:
        ops = graph.ops[segment.first : segment.last]
        match segment.kind:
            case SegmentKind.STREAM:
                for stage in stream_segment(graph, segment).stages:
                    calls = parts_of_rows(stage.rows, stage.columns, stage.chunk)
                    parts |= {op.name: calls for op in graph.ops[stage.first : stage.last]}
            case SegmentKind.PATCH:
                tiles = tile_windows(graph, segment)
                for i, op in enumerate(ops):
                    parts[op.name] = Counter(t[i].rows * t[i].columns for t in tiles)
            case _:
                pass
    return parts


def parts_of_rows(rows: int, columns: int, chunk: int) -> Parts:
    """The calls of `rows` rows, each `chunk` columns at a time and then what is left."""
    whole, rest = divmod(columns, chunk)
    return {chunk: rows * whole} | ({rest: rows} if rest else {})


def op_instructions(
    graph: Graph, op: Op, kernel: Kernel, parts: Parts | None = None, core: str = DSP_CORE
) -> int | None:
    """Estimated instructions of one op, whole or in parts; None where none are known."""
    number = instructions_of(graph, op, kernel, core)
    if number is None or parts is None:
        return number
    model, calls = models(core)[kernel], sum(parts.values())
    further = model.call * (calls - 1)
    if kernel in SLIDES:  # what begins a row begins every part of one
        _, rows, _, channels = graph.tensors[op.outputs[0]].shape
        further += model.of("lines") * channels * max(0, calls - rows)
    if kernel in EXPANDED:
        expanded = features_of(graph, op)[FEATURES.index("expanded")]
        further += model.of("expanded") * float(expanded) * (calls - 1)
    computed = _computed(graph, op, kernel, parts, core)
    return round(number * computed / _pixels(graph, op) + further)


def op_cycles(
    graph: Graph,
    op: Op,
    device: Device,
    kernel: Kernel | None = None,
    parts: Parts | None = None,
) -> float:
    """Cycles of one op, whole or in parts; nothing where no figures are known for its kernel."""
    kernel = kernel or kernel_of(graph, op)
    number = op_instructions(graph, op, kernel, parts, device.core)
    if number is None:
        return 0.0
    cycles = number * cycles_per_instruction(kernel, device.core)
    return cycles + flash_cycles(graph, op, kernel, device, parts)


def op_effort(
    graph: Graph,
    op: Op,
    device: Device,
    kernel: Kernel | None = None,
    parts: Parts | None = None,
) -> float:
    """What kernels and schedules are chosen by: the cycles of an op or, where no timings of the
    core are known, its instructions."""
    if has_timings(device.core):
        return op_cycles(graph, op, device, kernel, parts)
    kernel = kernel or kernel_of(graph, op)
    return float(op_instructions(graph, op, kernel, parts, device.core) or 0)


def effort(graph: Graph, device: Device, schedule: Schedule) -> float:
    """`op_effort` of all ops as the schedule runs them."""
    parts = parts_of(graph, schedule)
    kernels = {op.name: kernel_in(graph, schedule, op) for op in graph.ops}
    return sum(
        op_effort(graph, op, device, kernels[op.name], parts.get(op.name)) for op in graph.ops
    )


def _pixels(graph: Graph, op: Op) -> int:
    out = graph.tensors[op.outputs[0]]
    return out.elements // out.shape[-1]


def _computed(graph: Graph, op: Op, kernel: Kernel, parts: Parts | None, core: str) -> float:
    """Pixels that are computed, those included that calls compute because others are.

    Of an op that runs whole these are in the figures already."""
    if parts is None:
        return _pixels(graph, op)
    return sum(calls * _paid(kernel, pixels, core) for pixels, calls in parts.items())


def _passes(graph: Graph, op: Op, kernel: Kernel, parts: Parts | None) -> float:
    """How often a dense kernel goes through its constants in flash."""
    if kernel in EXPANDED:
        return 1 if parts is None else sum(parts.values())
    at_once = PIXELS_AT_ONCE.get(kernel, 2)
    if parts is None:
        return _pixels(graph, op) / at_once
    return sum(calls * -(-pixels // at_once) for pixels, calls in parts.items())


def _paid(kernel: Kernel, pixels: int, core: str) -> float:
    """Pixels whose instructions a call of so many takes."""
    at_once = PIXELS_AT_ONCE.get(kernel, 1)
    lacking = -pixels % at_once
    if kernel not in _TWO or pixels < 2 or not lacking or file_of(core) != file_of(DSP_CORE):
        return pixels + lacking
    twos = lacking  # one is lacking: two are left, and else four
    return pixels - 2 * twos + twos * _TWO[kernel]


def flash_cycles(
    graph: Graph, op: Op, kernel: Kernel, device: Device, parts: Parts | None = None
) -> float:
    """Cycles that an op waits for its constants; nothing where the device's flash is not known."""
    timing = device.flash_timing
    if timing is None:
        return 0.0
    there = all(t.data is not None for t in map(graph.tensors.get, op.inputs) if t and t.constant)
    # A variant's constants depend on the weights; where there are none yet, none was chosen.
    size = constant_bytes(graph, op, kernel if there else None).total
    passes = 1.0
    if isinstance(op.attributes, Conv2D) and size > timing.cache_bytes:
        passes = max(1.0, _passes(graph, op, kernel, parts))
    return passes * size / timing.line_bytes * timing.wait_states
