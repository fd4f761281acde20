"""What the generated C lays out for an op in flash: weights, requantisation, descriptor.

The generator in `tinynas.emit` writes exactly these bytes (its tests compare them with the linked
sections of an ARM build), and planner and search count with the same functions.  Sizes are those of
a 32-bit core.  Every constant object is a whole number of words, so nothing depends on the order in
which a linker places them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.graph.ir import Graph, Op
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.kernels import (
    Kernel,
    Overlap,
    kernel_of,
    overlap_of,
    padded,
    scratch_bytes,
    scratch_name,
)

__all__ = [
    "ConstantBytes",
    "Kernel",
    "Overlap",
    "constant_bytes",
    "kernel_of",
    "overlap_of",
    "padded",
    "scratch_bytes",
    "scratch_name",
    "segment_bytes",
]

_WORD = 4
SPAN_BYTES = 4
"""One interval of rows or columns in the tables of a patch segment."""


_DESCRIPTOR_BYTES = {
    Kernel.CONV: 60,
    Kernel.POINTWISE: 60,
    Kernel.DEPTHWISE: 60,
    Kernel.DEPTHWISE_MULTIPLIER: 60,
    Kernel.FULLY_CONNECTED: 28,
    Kernel.ADD: 80,
    Kernel.MEAN: 48,
}


@dataclass(frozen=True)
class ConstantBytes:
    """Flash of one op beside the kernel's code (bytes)."""

    weights: int
    requantisation: int
    descriptor: int

    @property
    def total(self) -> int:
        return self.weights + self.requantisation + self.descriptor


def constant_bytes(graph: Graph, op: Op) -> ConstantBytes:
    """Weights, requantisation (bias, multiplier, shift) and descriptor of an op.

    Dense kernels store rows of weights padded to words; a convolution's odd last channel has a
    companion of zeros, because channels are computed in pairs.
    """
    kernel = kernel_of(op)
    descriptor = _DESCRIPTOR_BYTES[kernel]
    if kernel in (Kernel.ADD, Kernel.MEAN):
        return ConstantBytes(0, 0, descriptor)
    channels = graph.tensors[op.outputs[0]].shape[-1]
    taps = graph.tensors[op.inputs[1]].elements // channels
    match kernel:
        case Kernel.CONV | Kernel.POINTWISE:
            pairs = -(-channels // 2)
            return ConstantBytes(2 * pairs * padded(taps), 5 * _WORD * pairs, descriptor)
        case Kernel.DEPTHWISE:
            fours, rest = divmod(channels, 4)
            weights = 4 * fours * taps + rest * padded(taps)
            return ConstantBytes(weights, 9 * _WORD * fours + 3 * _WORD * rest, descriptor)
        case _:
            return ConstantBytes(channels * padded(taps), 3 * _WORD * channels, descriptor)


def segment_bytes(segment: Segment) -> int:
    """Flash of a segment's own tables: the rows and the columns of every tile."""
    if segment.kind is not SegmentKind.PATCH:
        return 0
    return SPAN_BYTES * (segment.last - segment.first) * sum(segment.grid)
