"""Which of two forms of requantisation a convolution's channels need in C.

The short form is a multiplication and a shift.  It is exact for every accumulator that a channel
can reach in nearly all channels of nearly all networks; where it is not, the kernel calls the
general form, which takes more stack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import Requantisation, accumulator_bounds, requantisation
from tinynas.graph.ir import Conv2D, DepthwiseConv2D, Graph, Op
from tinynas.schedule.kernels import SHORT_ALONE, Kernel, kernel_of

_TOGETHER = 4

PAIRED_SHIFT = 8
"""The sums of the kernels for three pixels are the accumulator times 2**8, ..."""
PAIRED_OFFSET = 127
"""... and what they take off the inputs of every other tap."""

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ChannelForms:
    """Per channel: right shift less one, multiplier, and whether the short form is exact."""

    rights: IntArray
    multipliers: IntArray
    short: BoolArray


def channel_forms(graph: Graph, op: Op, numbers: Requantisation) -> ChannelForms:
    """Forms of the channels of a convolution of any kind."""
    rights = -1 - numbers.shifts.astype(np.int64)
    multipliers = numbers.multipliers.astype(np.int64)
    # A multiplier of zero gives the zero point under any shift; this one has the short form.
    rights[multipliers == 0] = 0
    low, high = accumulator_bounds(graph, op)
    largest = np.maximum(np.abs(low), np.abs(high))
    short = has_short_form(largest, rights, numbers.output_zero_point)
    if (numbers.minimum, numbers.maximum) != (-128, 127):
        short = np.zeros_like(short)
    return ChannelForms(rights, multipliers, short)


def has_short_form(largest: IntArray, rights: IntArray, zero_point: int) -> BoolArray:
    """Where `tinynas_scale` is exact for every accumulator from -`largest` to `largest`.

    Twice the accumulator must stay in int32, and so must the scaled number, which is no larger than
    the accumulator, plus half a unit and the zero point, shifted left.  Before it is clamped the
    output must stay in int16: kernels clamp two at once.
    """
    rights = np.clip(rights, -1, 31)
    offset = abs(2 * zero_point + 1) << np.maximum(rights, 0)
    short: BoolArray = (rights >= 0) & (largest < 1 << 30) & (offset + largest + 1 < 1 << 31)
    short &= (largest >> (rights + 1)) + 256 < 1 << 15
    return short


def has_paired_form(graph: Graph, op: Op, numbers: Requantisation) -> bool:
    """Whether the kernels for three pixels are exact in all channels of a convolution.

    Their sums are the accumulator times 2**8, so that (sum * m) >> 32 is LiteRT's high product with
    seven bits below it; to it half a unit of the high product, half a unit of the output and the
    zero point are added at once: 2**6 + 2**(n + 6) + (zero point + 128) * 2**(n + 7).  Beyond the
    conditions of the short form the sums and that offset must stay in int32, and no weight may be
    -128: two of them, 256 * a + b, are one int16.
    """
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None  # noqa: S101 - `accumulator_bounds` sees to it
    forms = channel_forms(graph, op, numbers)
    low, high = accumulator_bounds(graph, op)
    largest = np.maximum(np.abs(low), np.abs(high))
    down = np.clip(forms.rights + PAIRED_SHIFT, 0, 31)
    offset = (numbers.output_zero_point + 128 << down) + (1 << down)
    fits = (largest << PAIRED_SHIFT < 1 << 31) & ((largest << PAIRED_SHIFT - 1) + offset < 1 << 31)
    return bool((forms.short & fits).all() and weights.min() > -128)


def needs_general_form(graph: Graph, op: Op, kernel: Kernel | None = None) -> bool:
    """Whether the stack of `op`'s kernel is that of the general form.

    A depthwise kernel's is where one of four channels computed together needs it; the channels
    that are left over cost no more stack.  A graph without weights is taken to do without.
    """
    if kernel in SHORT_ALONE or not isinstance(op.attributes, (Conv2D, DepthwiseConv2D)):
        return False
    weights = graph.tensors[op.inputs[1]]
    if weights.data is None or graph.tensors[op.outputs[0]].quantisation is None:
        return False
    numbers = requantisation(graph, op)
    assert isinstance(numbers, Requantisation)  # noqa: S101
    short = channel_forms(graph, op, numbers).short
    if kernel_of(graph, op) is Kernel.DEPTHWISE:
        short = short[: len(short) - len(short) % _TOGETHER]
    return not short.all()
