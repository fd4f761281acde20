"""What the generated C lays out for an op: kernel, constants in flash, scratch in the arena.

The generator in `tinynas.emit` writes exactly these bytes (its tests compare them with the linked
sections of an ARM build), and planner and search count with the same functions.  Sizes are those of
a 32-bit core.  Every constant object is a whole number of words, so nothing depends on the order in
which a linker places them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, FullyConnected, Graph, Mean, Op
from tinynas.schedule.ir import Segment, SegmentKind

WORD = 4
SPAN_BYTES = 4
"""One interval of rows or columns in the tables of a patch segment."""


class Kernel(StrEnum):
    """The C kernels; a kernel is the file `<kernel>.c` and the function `<prefix>_<kernel>`."""

    CONV = "conv"
    POINTWISE = "pointwise"
    DEPTHWISE = "depthwise"
    DEPTHWISE_MULTIPLIER = "depthwise_multiplier"
    FULLY_CONNECTED = "fully_connected"
    ADD = "add"
    MEAN = "mean"


class Overlap(StrEnum):
    """In which order a kernel reads its input and writes its output.

    pixel: output pixels in raster order; all that a pixel needs is read before any of it is
    written.  element: raster order too, but a pixel's channels come one after the other (or four by
    four): channel c is written when what it needs has been read, and it needs channel c alone.
    none: the output must not touch the input.
    """

    PIXEL = "pixel"
    ELEMENT = "element"
    NONE = "none"


_OVERLAPS = {
    Kernel.CONV: Overlap.PIXEL,
    Kernel.POINTWISE: Overlap.PIXEL,
    Kernel.DEPTHWISE: Overlap.ELEMENT,
    Kernel.DEPTHWISE_MULTIPLIER: Overlap.NONE,
    Kernel.FULLY_CONNECTED: Overlap.NONE,
    Kernel.ADD: Overlap.ELEMENT,
    Kernel.MEAN: Overlap.NONE,
}

_DESCRIPTOR_BYTES = {
    Kernel.CONV: 72,
    Kernel.POINTWISE: 72,
    Kernel.DEPTHWISE: 72,
    Kernel.DEPTHWISE_MULTIPLIER: 72,
    Kernel.FULLY_CONNECTED: 40,
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


def kernel_of(graph: Graph, op: Op) -> Kernel:
    """The kernel that runs an op.

    Raises:
        InvalidInputError: no C kernel does.
    """
    match op.attributes:
        case Conv2D(window=w) if w.kernel == (1, 1) and w.padding == (0, 0, 0, 0):
            return Kernel.POINTWISE
        case Conv2D():
            return Kernel.CONV
        case DepthwiseConv2D(multiplier=1):
            return Kernel.DEPTHWISE
        case DepthwiseConv2D():
            return Kernel.DEPTHWISE_MULTIPLIER
        case FullyConnected():
            return Kernel.FULLY_CONNECTED
        case Add():
            return Kernel.ADD
        case Mean():
            return Kernel.MEAN
        case _:
            raise InvalidInputError(
                f"op {op.name}: no C kernel runs {op.attributes}",
                field="graph",
                given=op.kind,
                allowed=", ".join(Kernel),
            )


def overlap_of(kernel: Kernel) -> Overlap:
    """What the planner may let the output of a kernel do to its input."""
    return _OVERLAPS[kernel]


def padded(size: int) -> int:
    """`size` rounded up to whole words."""
    return -(-size // WORD) * WORD


def constant_bytes(graph: Graph, op: Op) -> ConstantBytes:
    """Weights, requantisation (bias, multiplier, shift) and descriptor of an op."""
    kernel = kernel_of(graph, op)
    descriptor = _DESCRIPTOR_BYTES[kernel]
    if kernel in (Kernel.ADD, Kernel.MEAN):
        return ConstantBytes(0, 0, descriptor)
    channels = graph.tensors[op.outputs[0]].shape[-1]
    # Bias, multiplier and shift; a fully connected layer's multipliers have 64 bits.
    multiplier = 8 if kernel is Kernel.FULLY_CONNECTED else 4
    requantisation = (4 + multiplier) * channels + padded(channels)
    return ConstantBytes(weight_bytes(graph, op), requantisation, descriptor)


def weight_bytes(graph: Graph, op: Op) -> int:
    """int8 weights as the kernel stores them.

    Rows of dense kernels are padded to words, so that the inner loop has no remainder.
    """
    shape = graph.tensors[op.inputs[1]].shape
    match op.attributes:
        case Conv2D() | FullyConnected():
            return shape[0] * padded(prod(shape[1:]))
        case _:
            return padded(prod(shape))


def scratch_bytes(graph: Graph, op: Op) -> int:
    """Arena bytes, word aligned, that a kernel needs beside its input and output while it runs.

    Dense convolutions gather the inputs of two output pixels as int16.
    """
    match kernel_of(graph, op):
        case Kernel.CONV | Kernel.POINTWISE:
            taps = prod(graph.tensors[op.inputs[1]].shape[1:])
            return 2 * 2 * padded(taps)
        case _:
            return 0


def scratch_name(op: Op) -> str:
    """The name of the scratch buffer of an op in a schedule."""
    return f"{op.name}.scratch"


def segment_bytes(segment: Segment) -> int:
    """Flash of a segment's own tables: the rows and the columns of every tile."""
    if segment.kind is not SegmentKind.PATCH:
        return 0
    return SPAN_BYTES * (segment.last - segment.first) * sum(segment.grid)
