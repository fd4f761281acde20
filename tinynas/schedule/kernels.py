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
from tinynas.schedule.ir import Schedule

WORD = 4


class Kernel(StrEnum):
    """The C kernels; a kernel is the file `<kernel>.c` and the function `<prefix>_<kernel>`."""

    CONV = "conv"
    CONV_EXPANDED = "conv_expanded"
    CONV_THREE = "conv_three"
    CONV_WIDE = "conv_wide"
    POINTWISE = "pointwise"
    POINTWISE_EXPANDED = "pointwise_expanded"
    POINTWISE_THREE = "pointwise_three"
    POINTWISE_WIDE = "pointwise_wide"
    DEPTHWISE = "depthwise"
    DEPTHWISE_3 = "depthwise_3"
    DEPTHWISE_5 = "depthwise_5"
    DEPTHWISE_5_STRIDED = "depthwise_5_strided"
    DEPTHWISE_5_ROW = "depthwise_5_row"
    DEPTHWISE_5_ROW_STRIDED = "depthwise_5_row_strided"
    DEPTHWISE_7 = "depthwise_7"
    DEPTHWISE_7_STRIDED = "depthwise_7_strided"
    DEPTHWISE_7_ROW = "depthwise_7_row"
    DEPTHWISE_7_ROW_STRIDED = "depthwise_7_row_strided"
    DEPTHWISE_ROW = "depthwise_row"
    DEPTHWISE_STRIDED = "depthwise_strided"
    DEPTHWISE_WIDE = "depthwise_wide"
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
    planes: the channels of all pixels one after the other (four by four), each in raster order, a
    row of outputs written when the rows that it needs have been read.  So the output may lie where
    `element` allows it if channels stay with channels, that is a whole number of pixels away.
    none: the output must not touch the input.
    """

    PIXEL = "pixel"
    ELEMENT = "element"
    FLAT = "flat"
    PLANES = "planes"
    NONE = "none"


_OVERLAPS = {
    Kernel.CONV: Overlap.PIXEL,
    Kernel.CONV_EXPANDED: Overlap.PIXEL,
    Kernel.CONV_THREE: Overlap.PIXEL,
    Kernel.CONV_WIDE: Overlap.PIXEL,
    Kernel.POINTWISE: Overlap.PIXEL,
    Kernel.POINTWISE_EXPANDED: Overlap.PIXEL,
    Kernel.POINTWISE_THREE: Overlap.PIXEL,
    Kernel.POINTWISE_WIDE: Overlap.PIXEL,
    Kernel.DEPTHWISE: Overlap.ELEMENT,
    Kernel.DEPTHWISE_3: Overlap.PLANES,
    Kernel.DEPTHWISE_5: Overlap.PLANES,
    Kernel.DEPTHWISE_5_STRIDED: Overlap.PLANES,
    Kernel.DEPTHWISE_5_ROW: Overlap.PLANES,
    Kernel.DEPTHWISE_5_ROW_STRIDED: Overlap.PLANES,
    Kernel.DEPTHWISE_7: Overlap.PLANES,
    Kernel.DEPTHWISE_7_STRIDED: Overlap.PLANES,
    Kernel.DEPTHWISE_7_ROW: Overlap.PLANES,
    Kernel.DEPTHWISE_7_ROW_STRIDED: Overlap.PLANES,
    Kernel.DEPTHWISE_ROW: Overlap.PLANES,
    Kernel.DEPTHWISE_STRIDED: Overlap.PLANES,
    Kernel.DEPTHWISE_WIDE: Overlap.ELEMENT,
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


BASE = {
    Kernel.CONV_EXPANDED: Kernel.CONV,
    Kernel.CONV_THREE: Kernel.CONV,
    Kernel.CONV_WIDE: Kernel.CONV,
    Kernel.POINTWISE_EXPANDED: Kernel.POINTWISE,
    Kernel.POINTWISE_THREE: Kernel.POINTWISE,
    Kernel.POINTWISE_WIDE: Kernel.POINTWISE,
    Kernel.DEPTHWISE_3: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_5: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_5_STRIDED: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_5_ROW: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_5_ROW_STRIDED: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_7: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_7_STRIDED: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_7_ROW: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_7_ROW_STRIDED: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_ROW: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_STRIDED: Kernel.DEPTHWISE,
    Kernel.DEPTHWISE_WIDE: Kernel.DEPTHWISE,
}
"""The kernels that are faster variants, and whose place they take: for more flash or scratch."""


PLANES = {
    Kernel.DEPTHWISE_3: (3, 1),
    Kernel.DEPTHWISE_5: (5, 1),
    Kernel.DEPTHWISE_7: (7, 1),
    Kernel.DEPTHWISE_5_STRIDED: (5, 2),
    Kernel.DEPTHWISE_7_STRIDED: (7, 2),
}
"""The depthwise kernels that take rows apart: their size and stride."""

_RECORD_WORDS = {(5, 1): 26, (5, 2): 23, (7, 1): 51, (7, 2): 38}
"""What those of 5 x 5 and 7 x 7 keep of a channel."""

MOST_TAPS = 49
"""That `DEPTHWISE_WIDE` takes, an odd number of them."""

STRIPS = {
    Kernel.DEPTHWISE_5_ROW: (5, 1),
    Kernel.DEPTHWISE_5_ROW_STRIDED: (5, 2),
    Kernel.DEPTHWISE_7_ROW: (7, 1),
    Kernel.DEPTHWISE_7_ROW_STRIDED: (7, 2),
}
"""The depthwise kernels that take apart what a row of outputs sees: their size and stride."""

SLIDES = {Kernel.DEPTHWISE_ROW: (3, 1), Kernel.DEPTHWISE_STRIDED: (3, 2), **STRIPS}
"""The depthwise kernels that go along a row of outputs: their size and stride."""

CLAMPED_ALONE = frozenset({*PLANES, *SLIDES, Kernel.DEPTHWISE_WIDE})
"""The kernels that take nothing but the short, clamped form of requantisation."""

THREE = frozenset({Kernel.CONV_THREE, Kernel.POINTWISE_THREE})
"""The dense kernels with int8 weights that compute three pixels at a time."""

WIDE = frozenset({Kernel.CONV_WIDE, Kernel.POINTWISE_WIDE})
"""Those with int16 weights in flash."""

EXPANDED = frozenset({Kernel.CONV_EXPANDED, Kernel.POINTWISE_EXPANDED})
"""Those with int8 weights in flash that become int16 once a call."""

MOST_ROWS = 10
"""Of the kernel of a convolution that these take."""

SHORT_ALONE = CLAMPED_ALONE | THREE | WIDE | EXPANDED
"""The kernels that have no general form."""


def kernel_of(graph: Graph, op: Op) -> Kernel:
    """The kernel that runs an op in the least flash, which planner and search count with."""
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


def kernel_in(graph: Graph, schedule: Schedule, op: Op) -> Kernel:
    """The kernel that runs an op in a schedule: the variant chosen there, or `kernel_of`."""
    chosen = dict(schedule.variants).get(op.name)
    return kernel_of(graph, op) if chosen is None else Kernel(chosen)


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


def scratch_bytes(graph: Graph, op: Op, kernel: Kernel | None = None) -> int:
    """Arena bytes, word aligned, that a kernel needs beside its input and output while it runs.

    `kernel`: the variant that runs the op; None: the one that planner and search count with.
    Dense convolutions gather the inputs of two or three output pixels as int16, and some hold all
    of their constants with int16 weights.  The fast depthwise
    kernels hold the rows that two rows of outputs see, four channels of them as int16, and weights;
    that of 3 x 3 sums, too; those that go along a row what four outputs see, or, of 3 x 3, a pixel
    of padding, as the one for all shapes does, which holds where taps lie, too.
    """
    match kernel or kernel_of(graph, op):
        case Kernel.CONV | Kernel.POINTWISE:
            taps = prod(graph.tensors[op.inputs[1]].shape[1:])
            return 2 * 2 * padded(taps)
        case Kernel.CONV_THREE | Kernel.CONV_WIDE:
            rows, columns, channels = graph.tensors[op.inputs[1]].shape[1:]
            assert isinstance(op.attributes, Conv2D)  # noqa: S101
            seen = 2 * op.attributes.window.stride[1] + columns
            return 3 * 2 * padded(rows * columns * channels) + padded(rows * seen * channels + 3)
        case Kernel.POINTWISE_THREE | Kernel.POINTWISE_WIDE:
            return 3 * 2 * padded(graph.tensors[op.inputs[0]].shape[-1])
        case Kernel.CONV_EXPANDED:
            return scratch_bytes(graph, op, Kernel.CONV_WIDE) + _wide_bytes(graph, op)
        case Kernel.POINTWISE_EXPANDED:
            return scratch_bytes(graph, op, Kernel.POINTWISE_WIDE) + _wide_bytes(graph, op)
        case Kernel.DEPTHWISE_3:
            columns = graph.tensors[op.outputs[0]].shape[2] + 2
            return 17 * WORD * columns + 4 * 9 * WORD
        case planes if planes in PLANES:
            size, stride = PLANES[planes]
            outputs = max(graph.tensors[op.outputs[0]].shape[2], 2 * stride)
            columns = (outputs - 1) * stride + size
            words = 4 * (size + 1) // 2 * columns + 4 * _RECORD_WORDS[size, stride]
            return WORD * (words + 14)
        case strip if strip in STRIPS:
            size, stride = STRIPS[strip]
            columns = size - 1 + 4 * stride
            return 4 * WORD * (size // 2 * columns + columns // 2)
        case Kernel.DEPTHWISE_ROW | Kernel.DEPTHWISE_STRIDED:
            return padded(graph.tensors[op.inputs[0]].shape[-1])
        case Kernel.DEPTHWISE_WIDE:
            rows, columns = graph.tensors[op.inputs[1]].shape[1:3]
            return WORD * rows * columns + padded(graph.tensors[op.inputs[0]].shape[-1])
        case _:
            return 0


def _wide_bytes(graph: Graph, op: Op) -> int:
    """What a dense kernel with int16 weights reads: they, biases, multipliers and offsets and, if
    outputs are signed, units."""
    out = graph.tensors[op.outputs[0]]
    taps = prod(graph.tensors[op.inputs[1]].shape[1:])
    clamped = out.quantisation is not None and out.quantisation.zero_point == -128
    return out.shape[-1] * (2 * padded(taps) + WORD * (3 if clamped else 4))


def scratch_name(op: Op) -> str:
    """The name of the scratch buffer of an op in a schedule."""
    return f"{op.name}.scratch"
