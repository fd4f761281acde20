"""SRAM and flash of a kernel and of a whole network, as the linker will find them."""

from __future__ import annotations

from tinynas.cost.code import DEFAULT_COMPILER, code_sizes
from tinynas.cost.ir import KernelCost, MemoryCost
from tinynas.cost.layout import SPAN_BYTES, constant_bytes, segment_bytes
from tinynas.graph.ir import Graph, Op
from tinynas.schedule.ir import Schedule, Segment, SegmentKind
from tinynas.schedule.kernels import Kernel, kernel_in, kernel_of, scratch_bytes


def kernel_cost(graph: Graph, op: Op, segment: Segment, kernel: Kernel | None = None) -> KernelCost:
    """What `op` costs when `segment` executes it: constants and tile spans, scratch.

    `kernel`: the variant that runs it; None: that of the least flash.

    Raises:
        InvalidInputError: no C kernel runs the op.
    """
    spans = SPAN_BYTES * sum(segment.grid) if segment.kind is SegmentKind.PATCH else 0
    return KernelCost(
        variant=kernel or kernel_of(graph, op),
        flash_bytes=constant_bytes(graph, op, kernel).total + spans,
        scratch_bytes=scratch_bytes(graph, op, kernel),
    )


def memory_cost(
    graph: Graph, schedule: Schedule, core: str, compiler: str = DEFAULT_COMPILER
) -> MemoryCost:
    """What a network needs of a device with this core, compiled by this compiler.

    Arena and constants are laid out bytes, exactly; code and stack are measured ones.

    Raises:
        InvalidInputError: an op has no kernel, or nothing is measured for compiler and core.
    """
    sizes = code_sizes(core, compiler)
    constants = sum(
        constant_bytes(graph, op, kernel_in(graph, schedule, op)).total for op in graph.ops
    )
    tables = sum(segment_bytes(graph, segment) for segment in schedule.segments)
    return MemoryCost(
        arena_bytes=schedule.arena_bytes,
        static_bytes=sizes.static_bytes(graph, schedule),
        stack_bytes=sizes.stack_bytes(graph, schedule),
        constant_bytes=constants + tables,
        code_bytes=sizes.code_bytes(graph, schedule),
    )
