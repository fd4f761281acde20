"""How the kernels with int16 weights requantise, and when that is exact.

With LiteRT's multiplier m (31 bits) and right shift n, the output before zero point and clamp is
round_away(floor((acc * m + 2**30) / 2**31) / 2**n).  The kernels' sums are s = acc * 2**k with
k = 17 - n, and t = (s * m + (offset << 32)) >> 32 has the output in its upper half:

- *clamped*: the zero point is -128 and the clamp that of int8, so that every negative number gives
  -128 and the two floors are one; offset = 2**15 + 2**(k - 2).
- *signed*: ties of negative numbers go away from zero, so one unit of the high product, 2**(k - 1)
  here, is taken off where s is negative; the zero point is in the offset.

Conditions, all proved for every accumulator that the channel can reach: 2 <= k <= 16, |acc| * 2**k
below 2**31, a clamp to int8.  The power of two comes from the inputs (the layer's `shift`) and from
the weights (the rest, while they stay int16).  `docs/kernels.md` has the derivation, the tests have
the property.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import Requantisation, accumulator_bounds
from tinynas.graph.ir import DepthwiseConv2D, Graph, Op

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CLAMPED, SIGNED, MIXED = range(3)
"""Forms of a layer: all channels clamped, all signed, or some in LiteRT's general form."""

TAIL_WORDS = (2, 3)
"""Words a channel that end a pass of the dense kernels, by form; `MIXED` they do not take."""

SLIDE_SHIFT = 4
"""Of the 2**k, what the sums of the depthwise kernels along a row are not multiplied by."""

MAX_SHIFT = 7

ROWS_SHIFT = 8
"""That of the depthwise kernels that take rows apart, whose inputs then stay signed."""

_WEIGHT_LIMIT = 1 << 15


@dataclass(frozen=True)
class WideForms:
    """How one convolution requantises; arrays are by channel [C].

    `general` channels take LiteRT's general form; the others' sums are the accumulator multiplied
    by 2**exponents, of which the inputs give `shift`.
    """

    shift: int
    form: int
    exponents: IntArray
    general: BoolArray


def wide_forms(graph: Graph, op: Op, numbers: Requantisation) -> WideForms:
    """The forms of a convolution with weights: the least input shift of those that leave the fewest
    channels to the general form."""
    low, high = accumulator_bounds(graph, op)
    largest = np.maximum(np.abs(low), np.abs(high))
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None  # noqa: S101 - `accumulator_bounds` has seen to it
    axis = 3 if isinstance(op.attributes, DepthwiseConv2D) else 0
    others = tuple(i for i in range(weights.ndim) if i != axis)
    heaviest = np.abs(weights.astype(np.int64)).max(axis=others)
    exponents = exact_exponents(largest, numbers)
    choices = [general_under(s, exponents, largest, heaviest) for s in range(MAX_SHIFT + 1)]
    counts = [len(largest) + 1 if c is None else int(c.sum()) for c in choices]
    shift = int(np.argmin(counts))
    general = choices[shift]
    assert general is not None  # noqa: S101 - a shift of 0 is always possible
    clamped = numbers.output_zero_point == -128
    form = MIXED if general.any() else CLAMPED if clamped else SIGNED
    return WideForms(shift, form, exponents, general)


def exact_exponents(largest: IntArray, numbers: Requantisation) -> IntArray:
    """The k for which the short forms are exact, by channel; -1 where there is none."""
    shifts = numbers.shifts.astype(np.int64)
    # A multiplier of zero gives the zero point under any shift.
    exponents = np.where(numbers.multipliers == 0, 2, 17 + shifts)
    fits = (exponents >= 2) & (exponents <= 16)
    fits &= largest << np.clip(exponents, 0, 16) < 1 << 31
    if (numbers.minimum, numbers.maximum) != (-128, 127):
        fits = np.zeros_like(fits)
    return np.where(fits, exponents, -1)


def row_forms(graph: Graph, op: Op, numbers: Requantisation) -> WideForms:
    """The forms of the depthwise kernels that take rows apart.

    Inputs take `ROWS_SHIFT` of the power of two where every channel allows it; elsewhere as little
    as in `wide_forms`.
    """
    forms = wide_forms(graph, op, numbers)
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None  # noqa: S101 - `wide_forms` has seen to it
    heaviest = np.abs(weights.astype(np.int64)).max(axis=(0, 1, 2))
    low, high = accumulator_bounds(graph, op)
    exponents = exact_exponents(np.maximum(np.abs(low), np.abs(high)), numbers)
    rest = exponents - ROWS_SHIFT
    if (rest < 0).any() or (heaviest << rest >= _WEIGHT_LIMIT).any():
        return forms
    form = CLAMPED if numbers.output_zero_point == -128 else SIGNED
    return WideForms(ROWS_SHIFT, form, exponents, np.zeros_like(forms.general))


def slide_exponents(graph: Graph, op: Op, numbers: Requantisation) -> IntArray:
    """The k of the depthwise kernels along a row, by channel [C]; -1 where it is not exact.

    Their sums are s = acc * 2**(k - 4), so the output lies above twelve bits of
    (s * m + (offset << 32)) >> 32, with offset = 2**11 + 2**(k - 6) + (zero point << 12): the same
    number as in the clamped form.  All of the power of two is in the weights.
    """
    low, high = accumulator_bounds(graph, op)
    largest = np.maximum(np.abs(low), np.abs(high))
    weights = graph.tensors[op.inputs[1]].data
    assert weights is not None  # noqa: S101 - `accumulator_bounds` has seen to it
    heaviest = np.abs(weights.astype(np.int64)).max(axis=(0, 1, 2))
    exponents = np.where(numbers.multipliers == 0, 6, 17 + numbers.shifts.astype(np.int64))
    rest = exponents - SLIDE_SHIFT
    fits = (rest >= 2) & (rest <= 12)  # 2**(k - 6) is whole; no shift here leaves int64
    fits &= heaviest << np.clip(rest, 0, 12) < _WEIGHT_LIMIT
    fits &= largest << np.clip(rest, 0, 12) < 1 << 31
    clamped = (numbers.output_zero_point, numbers.minimum, numbers.maximum) == (-128, -128, 127)
    return np.where(fits & clamped, exponents, -1)


def general_under(
    shift: int, exponents: IntArray, largest: IntArray, heaviest: IntArray
) -> BoolArray | None:
    """The channels that need the general form if inputs are multiplied by 2**`shift`.

    None where not even that is possible: a sum would leave int32.
    """
    rest = exponents - shift
    general = (rest < 0) | (heaviest << np.clip(rest, 0, 31) >= _WEIGHT_LIMIT)
    possible = (largest << shift)[general] < 1 << 31
    return general if possible.all() else None
