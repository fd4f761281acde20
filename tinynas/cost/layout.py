"""What the generated C lays out for an op in flash: weights, requantisation, descriptor.

The generator in `tinynas.emit` writes exactly these bytes (its tests compare them with the linked
sections of an ARM build), and planner and search count with the same functions.  Sizes are those of
a 32-bit core.  Every constant object is a whole number of words, so nothing depends on the order in
which a linker places them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.cost.wide import TAIL_WORDS, wide_forms
from tinynas.graph.arithmetic import Requantisation, requantisation
from tinynas.graph.ir import Graph, Op
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.kernels import (
    CLAMPED_ALONE,
    EXPANDED,
    PLANES,
    STRIPS,
    THREE,
    WIDE,
    Kernel,
    Overlap,
    kernel_of,
    overlap_of,
    padded,
    scratch_bytes,
    scratch_name,
)
from tinynas.schedule.stream import stream_segment

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
STAGE_BYTES = 12
"""One stage in the table of a stream segment."""


_DESCRIPTOR_BYTES = {
    Kernel.CONV: 60,
    Kernel.CONV_EXPANDED: 60,
    Kernel.CONV_THREE: 60,
    Kernel.CONV_WIDE: 60,
    Kernel.POINTWISE: 60,
    Kernel.POINTWISE_EXPANDED: 60,
    Kernel.POINTWISE_THREE: 60,
    Kernel.POINTWISE_WIDE: 60,
    Kernel.DEPTHWISE: 60,
    Kernel.DEPTHWISE_3: 60,
    Kernel.DEPTHWISE_5: 60,
    Kernel.DEPTHWISE_5_STRIDED: 60,
    Kernel.DEPTHWISE_5_ROW: 60,
    Kernel.DEPTHWISE_5_ROW_STRIDED: 60,
    Kernel.DEPTHWISE_7: 60,
    Kernel.DEPTHWISE_7_STRIDED: 60,
    Kernel.DEPTHWISE_7_ROW: 60,
    Kernel.DEPTHWISE_7_ROW_STRIDED: 60,
    Kernel.DEPTHWISE_ROW: 60,
    Kernel.DEPTHWISE_STRIDED: 60,
    Kernel.DEPTHWISE_WIDE: 60,
    Kernel.DEPTHWISE_MULTIPLIER: 60,
    Kernel.FULLY_CONNECTED: 28,
    Kernel.ADD: 80,
    Kernel.MEAN: 48,
    Kernel.AVERAGE_POOL: 52,
    Kernel.MAX_POOL: 52,
    Kernel.SOFTMAX: 20,
    Kernel.LOOKUP: 16,
    Kernel.MUL: 72,
    Kernel.ADD_BROADCAST: 72,
    Kernel.COPY: 12,
    Kernel.CONCAT: 16,
    Kernel.PAD: 28,
    Kernel.TRANSPOSE: 28,
    Kernel.RESIZE_NEAREST: 20,
}
_PRODUCTS = frozenset(
    {
        Kernel.CONV,
        Kernel.POINTWISE,
        *THREE,
        *WIDE,
        *EXPANDED,
        Kernel.DEPTHWISE,
        *CLAMPED_ALONE,
        Kernel.DEPTHWISE_MULTIPLIER,
        Kernel.FULLY_CONNECTED,
    }
)
_BYTE_VALUES = 256


@dataclass(frozen=True)
class ConstantBytes:
    """Flash of one op beside the kernel's code (bytes)."""

    weights: int
    requantisation: int
    descriptor: int

    @property
    def total(self) -> int:
        return self.weights + self.requantisation + self.descriptor


def constant_bytes(graph: Graph, op: Op, kernel: Kernel | None = None) -> ConstantBytes:
    """Weights, requantisation (bias, multiplier, shift) and descriptor of an op.

    `kernel`: the variant that runs it, for which weights must be there; None: `kernel_of`.
    Dense kernels store rows of weights padded to words; a convolution's odd last channel has a
    companion of zeros, because channels are computed in pairs.
    """
    kernel = kernel or kernel_of(graph, op)
    descriptor = _DESCRIPTOR_BYTES[kernel]
    if kernel not in _PRODUCTS:
        return ConstantBytes(0, _table_bytes(graph, op, kernel), descriptor)
    channels = graph.tensors[op.outputs[0]].shape[-1]
    taps = graph.tensors[op.inputs[1]].elements // channels
    match kernel:
        case Kernel.CONV | Kernel.POINTWISE:
            pairs = -(-channels // 2)
            return ConstantBytes(2 * pairs * padded(taps), 5 * _WORD * pairs, descriptor)
        case Kernel.CONV_THREE | Kernel.POINTWISE_THREE:
            return ConstantBytes(padded(taps) * channels, 4 * _WORD * channels, descriptor)
        case Kernel.CONV_EXPANDED | Kernel.POINTWISE_EXPANDED:
            return ConstantBytes(padded(taps) * channels, 3 * _WORD * channels, descriptor)
        case Kernel.CONV_WIDE | Kernel.POINTWISE_WIDE:
            numbers = requantisation(graph, op)
            assert isinstance(numbers, Requantisation)  # noqa: S101
            words = 1 + TAIL_WORDS[wide_forms(graph, op, numbers).form]
            return ConstantBytes(2 * channels * padded(taps), words * _WORD * channels, descriptor)
        case Kernel.DEPTHWISE_3:
            return ConstantBytes(3 * _WORD * channels, 2 * _WORD * channels, descriptor)
        case planes if planes in PLANES:
            words = 7 if PLANES[planes][0] == 5 else 14
            return ConstantBytes(words * _WORD * channels, 2 * _WORD * channels, descriptor)
        case strip if strip in STRIPS:
            size, stride = STRIPS[strip]
            words = size // 2 * size + (2 if stride == 1 else 1) * ((size + 1) // 2)
            return ConstantBytes(words * _WORD * channels, 3 * _WORD * channels, descriptor)
        case Kernel.DEPTHWISE_ROW:  # the middle column's weights are there twice
            return ConstantBytes(6 * _WORD * channels, 3 * _WORD * channels, descriptor)
        case Kernel.DEPTHWISE_STRIDED | Kernel.DEPTHWISE_WIDE:
            return ConstantBytes(2 * taps * channels, 3 * _WORD * channels, descriptor)
        case Kernel.DEPTHWISE:
            fours, rest = divmod(channels, 4)
            weights = 4 * fours * taps + rest * padded(taps)
            return ConstantBytes(weights, 9 * _WORD * fours + 3 * _WORD * rest, descriptor)
        case _:
            return ConstantBytes(channels * padded(taps), 3 * _WORD * channels, descriptor)


def _table_bytes(graph: Graph, op: Op, kernel: Kernel) -> int:
    """What an op without weights keeps beside its descriptor."""
    match kernel:
        case Kernel.SOFTMAX:
            return _BYTE_VALUES * _WORD
        case Kernel.LOOKUP:
            return _BYTE_VALUES
        case Kernel.CONCAT:
            return 2 * _WORD * len(op.inputs)
        case Kernel.RESIZE_NEAREST:
            return _WORD * sum(graph.tensors[op.outputs[0]].shape[1:3])
        case Kernel.MUL | Kernel.ADD_BROADCAST:
            constants = [t for t in (graph.tensors[n] for n in op.inputs) if t.constant]
            return sum(padded(t.elements) for t in constants)
        case _:
            return 0


def segment_bytes(graph: Graph, segment: Segment) -> int:
    """Flash of a segment's own tables: the rows and the columns of every tile, or the stages."""
    match segment.kind:
        case SegmentKind.PATCH:
            return SPAN_BYTES * (segment.last - segment.first) * sum(segment.grid)
        case SegmentKind.STREAM:
            return STAGE_BYTES * len(stream_segment(graph, segment).stages)
        case _:
            return 0
