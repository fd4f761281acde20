"""The C kernels as the planner sees them: which runs an op, its scratch, what it may overwrite.

What they cost in flash is in `tinynas.cost.layout`.
"""

from __future__ import annotations

from enum import StrEnum
from math import prod

from tinynas.graph.ir import (
    Add,
    AveragePool2D,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Op,
    Pad,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Transpose,
)

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
    AVERAGE_POOL = "average_pool"
    MAX_POOL = "max_pool"
    SOFTMAX = "softmax"
    LOOKUP = "lookup"
    MUL = "mul"
    ADD_BROADCAST = "add_broadcast"
    COPY = "copy"
    CONCAT = "concat"
    PAD = "pad"
    TRANSPOSE = "transpose"
    RESIZE_NEAREST = "resize_nearest"


class Overlap(StrEnum):
    """In which order a kernel reads its input and writes its output.

    pixel: output pixels in raster order; all that a pixel needs is read before any of it is
    written.  element: raster order too, but a pixel's channels come one after the other (or four by
    four): channel c is written when what it needs has been read, and it needs channel c alone.
    flat: byte i is written when byte i of every input of the output's size has been read.
    none: the output must not touch the input.
    """

    PIXEL = "pixel"
    ELEMENT = "element"
    FLAT = "flat"
    NONE = "none"


_OVERLAPS = {
    Kernel.CONV: Overlap.PIXEL,
    Kernel.POINTWISE: Overlap.PIXEL,
    Kernel.DEPTHWISE: Overlap.ELEMENT,
    Kernel.DEPTHWISE_MULTIPLIER: Overlap.NONE,
    Kernel.FULLY_CONNECTED: Overlap.NONE,
    Kernel.ADD: Overlap.ELEMENT,
    Kernel.MEAN: Overlap.NONE,
    Kernel.AVERAGE_POOL: Overlap.ELEMENT,
    Kernel.MAX_POOL: Overlap.ELEMENT,
    Kernel.SOFTMAX: Overlap.FLAT,
    Kernel.LOOKUP: Overlap.FLAT,
    Kernel.MUL: Overlap.FLAT,
    Kernel.ADD_BROADCAST: Overlap.FLAT,
    Kernel.COPY: Overlap.FLAT,
    Kernel.CONCAT: Overlap.NONE,
    Kernel.PAD: Overlap.NONE,
    Kernel.TRANSPOSE: Overlap.NONE,
    Kernel.RESIZE_NEAREST: Overlap.NONE,
}


def kernel_of(graph: Graph, op: Op) -> Kernel:
    """The kernel that runs an op."""
    match op.attributes:
        case Conv2D(window=w) if w.kernel == (1, 1) and w.padding == (0, 0, 0, 0):
            return Kernel.POINTWISE
        case DepthwiseConv2D(multiplier=multiplier) if multiplier != 1:
            return Kernel.DEPTHWISE_MULTIPLIER
        case Add() if broadcasts(graph, op):
            return Kernel.ADD_BROADCAST
        case attributes:
            return _KERNELS[type(attributes)]


_KERNELS: dict[type, Kernel] = {
    Conv2D: Kernel.CONV,
    DepthwiseConv2D: Kernel.DEPTHWISE,
    FullyConnected: Kernel.FULLY_CONNECTED,
    Add: Kernel.ADD,
    Mean: Kernel.MEAN,
    AveragePool2D: Kernel.AVERAGE_POOL,
    MaxPool2D: Kernel.MAX_POOL,
    Softmax: Kernel.SOFTMAX,
    Relu: Kernel.LOOKUP,
    Quantize: Kernel.LOOKUP,
    Logistic: Kernel.LOOKUP,
    Tanh: Kernel.LOOKUP,
    HardSwish: Kernel.LOOKUP,
    Mul: Kernel.MUL,
    Reshape: Kernel.COPY,
    Concat: Kernel.CONCAT,
    Pad: Kernel.PAD,
    Transpose: Kernel.TRANSPOSE,
    ResizeNearest: Kernel.RESIZE_NEAREST,
}


def broadcasts(graph: Graph, op: Op) -> bool:
    """Whether an op of two inputs has a constant one, or one of another shape than its output."""
    shape = graph.tensors[op.outputs[0]].shape
    inputs = [graph.tensors[name] for name in op.inputs]
    return any(t.constant or t.shape != shape for t in inputs)


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
    match kernel_of(graph, op):
        case Kernel.CONV | Kernel.POINTWISE:
            taps = prod(graph.tensors[op.inputs[1]].shape[1:])
            return 2 * 2 * padded(taps)
        case _:
            return 0


def scratch_name(op: Op) -> str:
    """The name of the scratch buffer of an op in a schedule."""
    return f"{op.name}.scratch"
