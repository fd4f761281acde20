"""Schedules of a network as generated C on a simulated part: bytes, and what they cost in time.

For `benchmarks.schedules`, which says which.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinynas.build import firmware_files, preferred_compiler
from tinynas.cost import estimate_latency, fastest, memory_cost
from tinynas.cost.latency import parts_of
from tinynas.devices import Budget, Device, load_device
from tinynas.emit import Vectors, emit
from tinynas.graph.ir import Graph
from tinynas.graph.rows import run_rows
from tinynas.schedule import Schedule
from tinynas.simulate import Measurement, validate

DEVICE = "stm32l4r5xi"
VECTORS = 16
EXECUTIONS = 1
ROOM_BYTES = 2048

EXECUTED = """\
## On the simulated part

Generated C on a {device} in {simulator}, {compiler}, {vectors} random input, every output byte
compared with the integer reference, with the kernels, and the columns that streams hand on, that a
budget of all flash and {room:,} bytes of SRAM beside the planned arena buys.  SRAM is everything:
arena, context and stack; predictions in brackets.  Where the image is fed by rows it is not there.
Instructions are those of the first run, and what kernels are chosen by, as they are for a core of
which no timings are known; `recomputed`: what patches compute twice, the instructions of every op
in proportion to its pixels; `more`: beyond that; both against layer by layer.  `cycles`: those
estimated for kernels chosen by them, as for this device they are, against layer by layer, with what
is recomputed.

| network | schedule | arena | against anchor | static | stack | SRAM | flash | instr. a MAC \
| recomputed | more | cycles | wrong bytes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
_UNTIMED = "cortex-m33"
"""It has the same instructions and no published timings, so kernels are chosen by instructions."""


def executed(
    network: str,
    graph: Graph,
    plans: Sequence[tuple[str, Schedule, int | None]],
    simulator: str,
    room_bytes: int,
) -> Iterator[str]:
    """A row of the table for every (label, schedule, anchor), the first of them layer by layer.

    `room_bytes` of SRAM beside the planned arena are for context, stack (a quarter of the default),
    faster kernels and wider chunks.
    """
    device, compiler = load_device(DEVICE), preferred_compiler()
    rng = np.random.default_rng(0)
    shape = (VECTORS, *graph.tensors[graph.inputs[0]].shape[1:])
    inputs = rng.integers(-128, 128, shape, dtype=np.int8)
    vectors = Vectors(inputs, run_rows(graph, inputs))
    by_layer: Mapping[int, int] = {}
    cycles_by_layer = 0
    for label, plan, anchor in plans:
        budget = Budget(plan.arena_bytes + room_bytes, device.default_budget.flash_bytes)
        schedule = fastest(graph, plan, budget, replace(device, core=_UNTIMED), compiler)
        found = _measured(graph, schedule, device, vectors, simulator)
        by_layer = by_layer or found.run.layers or {}
        once = sum(by_layer.values())
        again = recomputed(graph, schedule, by_layer)
        cost = memory_cost(graph, schedule, device.core, compiler)
        instructions = found.run.instructions
        by_cycles = fastest(graph, plan, budget, device, compiler)
        cycles = estimate_latency(graph, device, by_cycles).cycles
        cycles_by_layer = cycles_by_layer or cycles
        apart = f"{schedule.arena_bytes / anchor - 1:+.1%}" if anchor else "-"
        yield (
            f"| {network} | {label} | {schedule.arena_bytes:,} | {apart} "
            f"| {cost.static_bytes:,} | {found.run.stack_bytes:,} ({cost.stack_bytes:,}) "
            f"| {found.sram_bytes:,} ({cost.sram_bytes:,}) "
            f"| {found.firmware.flash_bytes:,} ({cost.flash_bytes:,}) "
            f"| {instructions / graph.macs:.3f} "
            f"| {f'{again / once:.1%}' if again else '-'} "
            f"| {(instructions - again) / once - 1:+.1%} "
            f"| {cycles / cycles_by_layer - 1:+.1%} "
            f"| {found.mismatched_bytes} |"
        )


def recomputed(graph: Graph, schedule: Schedule, by_layer: Mapping[int, int]) -> int:
    """Instructions that go to pixels computed before, if every pixel takes what it does layer by
    layer."""
    parts = parts_of(graph, schedule)
    total = 0.0
    for index, op in enumerate(graph.ops):
        calls = parts.get(op.name)
        if calls is not None:
            out = graph.tensors[op.outputs[0]]
            computed = sum(pixels * count for pixels, count in calls.items())
            total += by_layer[index] * (computed * out.shape[-1] / out.elements - 1)
    return round(total)


def _measured(
    graph: Graph, schedule: Schedule, device: Device, vectors: Vectors, simulator: str
) -> Measurement:
    compiler = preferred_compiler()
    cost = memory_cost(graph, schedule, device.core, compiler)
    harness = firmware_files(
        device,
        name="net",
        vector_bytes=vectors.inputs.nbytes + vectors.outputs.nbytes,
        library_flash_bytes=cost.flash_bytes,
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle = emit(
            graph,
            schedule,
            device,
            Path(folder) / "bundle",
            vectors=vectors,
            budget=Budget(1 << 30, 1 << 30),
            name="net",
            compiler=compiler,
            extra_files={f"firmware/{name}": text for name, text in harness.items()},
        )
        return validate(bundle, simulator=simulator, limit=EXECUTIONS, time_limit_s=3000)
