"""The C kernels as the planner sees them: which runs an op, its scratch, what it may overwrite.

What they cost in flash is in `tinynas.cost.layout`.
"""

from __future__ import annotations

from enum import StrEnum
from math import prod

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, FullyConnected, Graph, Mean, Op

WORD = 4


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


def kernel_of(op: Op) -> Kernel:
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


def scratch_bytes(graph: Graph, op: Op) -> int:
    """Arena bytes, word aligned, that a kernel needs beside its input and output while it runs.

    Dense convolutions gather the inputs of two output pixels as int16.
    """
    match kernel_of(op):
        case Kernel.CONV | Kernel.POINTWISE:
            taps = prod(graph.tensors[op.inputs[1]].shape[1:])
            return 2 * 2 * padded(taps)
        case _:
            return 0


def scratch_name(op: Op) -> str:
    """The name of the scratch buffer of an op in a schedule."""
    return f"{op.name}.scratch"
