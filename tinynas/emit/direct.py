"""Shorter arithmetic for sums, means and fully connected layers, where it is proved to be exact.

Each function answers for one op: the numbers of the short form, or None where the kernel has to
take LiteRT's arithmetic step by step.  The proofs are by enumeration: of all 65,536 pairs of inputs
of a sum, of all places where a fully connected layer's output steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.forms import has_short_form
from tinynas.graph.arithmetic import (
    AddRequantisation,
    FullyConnectedRequantisation,
    MeanRequantisation,
)
from tinynas.graph.arithmetic.stepwise import steps_of

IntArray: TypeAlias = NDArray[np.int64]

DIRECT = 64
"""`DIRECT` in add.c: the output's right shift that asks for the direct form."""
SHORT = 128
"""`SHORT` in fully_connected.c: what is added to a right shift that asks for the short form."""

_UNIT_BITS = 20
_MOST_RIGHT = 21
_BYTES = np.arange(-128, 128)


@dataclass(frozen=True)
class DirectSum:
    """y = (a' + b' + offset) >> 20, clamped to int8, with x' = (x * 256 * multiplier) >> 16."""

    multipliers: tuple[int, int]
    offset: int

    def products(self, index: int) -> IntArray:
        """x' of all int8 values of input `index`, int64 [256]."""
        scaled: IntArray = _BYTES * 256 * self.multipliers[index] >> 16
        return scaled


def direct_sum(numbers: AddRequantisation) -> DirectSum | None:
    """The direct form of an ADD, if it gives all 65,536 outputs.

    An offset gives an output y if the sum lies in [y, y + 1) units, and above or below that where y
    is clamped: so the offsets that give all of them are an interval.
    """
    if (numbers.minimum, numbers.maximum) != (-128, 127):
        return None
    steps = (1 << numbers.left_shift) * numbers.output.real
    multipliers = [round(math.ldexp(f.real * steps, _UNIT_BITS + 8)) for f in numbers.inputs]
    if max(multipliers) >= 1 << 31:
        return None
    form = DirectSum((multipliers[0], multipliers[1]), 0)
    sums = form.products(0)[:, None] + form.products(1)
    outputs = numbers.apply(_BYTES[:, None], _BYTES)
    above, below = outputs > -128, outputs < 127
    lowest = ((outputs << _UNIT_BITS) - sums)[above].max(initial=-(1 << 31))
    highest = ((outputs + 1 << _UNIT_BITS) - 1 - sums)[below].min(initial=(1 << 31) - 1)
    if lowest > highest:
        return None
    form = DirectSum(form.multipliers, int(lowest + highest) // 2)
    partial = np.concatenate([form.products(0), sums.reshape(-1)]) + form.offset
    return form if np.abs(partial).max() < 1 << 31 and abs(form.offset) < 1 << 31 else None


def mean_has_short_form(numbers: MeanRequantisation) -> bool:
    """Whether `tinynas_scale` is exact for every sum of a MEAN."""
    farthest = max(127 - numbers.input_zero_point, numbers.input_zero_point + 128)
    largest, right = np.array([farthest * numbers.count]), np.array([-1 - numbers.factor.shift])
    full = (numbers.minimum, numbers.maximum) == (-128, 127)
    return full and bool(has_short_form(largest, right, numbers.output_zero_point).all())


@dataclass(frozen=True)
class ShortProduct:
    """d = (acc * multiplier + 2**(right + 32)) >> right + 33: one word, and ties upwards."""

    multiplier: int
    right: int

    def apply(self, accumulators: IntArray) -> IntArray:
        high: IntArray = accumulators * self.multiplier >> 32
        return high + (1 << self.right) >> self.right + 1


def short_products(
    numbers: FullyConnectedRequantisation, low: IntArray, high: IntArray
) -> list[ShortProduct | None]:
    """The short form of every channel of a FULLY_CONNECTED whose accumulators reach low..high."""
    limits = (
        numbers.minimum - numbers.output_zero_point,
        numbers.maximum - numbers.output_zero_point,
    )
    if (numbers.minimum, numbers.maximum) != (-128, 127):
        return [None] * len(low)
    return [
        short_product(float(scale), (int(lo), int(hi)), limits)
        for scale, lo, hi in zip(numbers.scales, low, high, strict=True)
    ]


def short_product(
    scale: float, accumulators: tuple[int, int], outputs: tuple[int, int]
) -> ShortProduct | None:
    """The short form of round(acc * scale), after clamping to `outputs`, over inclusive ranges."""
    right = -2 - math.frexp(scale)[1]
    if not 0 <= right <= _MOST_RIGHT:
        return None
    steps = np.array(steps_of(scale, accumulators, outputs), dtype=np.int64)
    shift = 33 + right
    needed = (steps[:, 0] << shift) - (1 << shift - 1)
    first = steps[:, 1]
    reached, short_of = first <= accumulators[1], first > accumulators[0]
    bounds = [
        _multipliers(first[reached], needed[reached]),
        _multipliers(1 - first[short_of], 1 - needed[short_of]),
    ]
    lowest, highest = max(b[0] for b in bounds), min(b[1] for b in bounds)
    if lowest > highest:
        return None
    nearest = round(math.ldexp(scale, shift))
    return ShortProduct(min(max(nearest, lowest), highest), right)


def _multipliers(factors: IntArray, needed: IntArray) -> tuple[int, int]:
    """The 31-bit m (lowest, highest) with m * factors >= needed everywhere."""
    positive, negative = factors > 0, factors < 0
    low = -(-needed[positive] // factors[positive])
    high = -needed[negative] // -factors[negative]
    if (needed[factors == 0] > 0).any():
        return 1, 0
    return int(low.max(initial=0)), int(high.min(initial=(1 << 31) - 1))
