"""Integer arithmetic that equals a rounded double-precision product on a range of integers.

Both sides are non-decreasing step functions of the accumulator, so they are equal everywhere if
they step at the same accumulators: at most 255 places for an int8 output, which is what makes the
proof cheap.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def round_half_away(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """C's `round`.  Not floor(x + 0.5): that is wrong just below a half."""
    whole = np.trunc(x)
    away = np.where(np.abs(x - whole) >= 0.5, np.sign(x), 0.0)
    return (whole + away).astype(np.int64)


def matching_integers(
    scale: float, accumulators: tuple[int, int], outputs: tuple[int, int]
) -> tuple[int, int]:
    """(multiplier, shift) whose integer rounding equals round(acc * scale) after clamping.

    The integer form is (acc * multiplier + 2**(shift - 1) - (acc < 0)) >> shift, in 64 bits.
    `accumulators` and `outputs` are the inclusive ranges of acc and of the clamp.

    Raises:
        ValueError: no multiplier of the precision that 64 bits leave does it.
    """
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"a scale is finite and above 0, got {scale}")
    largest = max(abs(accumulators[0]), abs(accumulators[1]), 1)
    exponent = math.frexp(scale)[1]
    # acc * multiplier stays below 2**62, and a multiplier needs no more bits than a double has.
    bits = min(62 - largest.bit_length(), 53)
    shift = min(max(bits - exponent, 1), 62)
    steps = steps_of(scale, accumulators, outputs)
    low, high = _feasible(steps, accumulators, shift)
    nearest = round(math.ldexp(scale, shift))
    multiplier = min(max(nearest, low), high)
    if low > high or multiplier < 0 or multiplier.bit_length() > 62 - largest.bit_length() + 1:
        raise ValueError(f"no integer multiplier equals the factor {scale!r} on {accumulators}")
    return multiplier, shift


def steps_of(
    scale: float, accumulators: tuple[int, int], outputs: tuple[int, int]
) -> list[tuple[int, int]]:
    """(k, first) for every output k that the clamp lets through: `first` is the lowest accumulator
    whose output reaches k, one above the range where none does."""
    low, high = accumulators
    k = np.arange(outputs[0] + 1, outputs[1] + 1)
    guess = np.clip(np.floor((k - 0.5) / scale), low - 3, high + 3).astype(np.int64)
    candidates = guess[:, None] + np.arange(-3, 5)
    rounded = round_half_away(candidates.astype(np.float64) * scale)
    reached = (candidates > high) | ((candidates >= low) & (rounded >= k[:, None]))
    first = candidates[np.arange(len(k)), reached.argmax(axis=1)]
    return list(zip(k.tolist(), first.tolist(), strict=True))


def _feasible(
    steps: list[tuple[int, int]], accumulators: tuple[int, int], shift: int
) -> tuple[int, int]:
    """The multipliers (lowest, highest) under which the integer form steps at the same places."""
    lowest, highest = 0, 1 << 62
    for k, first in steps:
        if first <= accumulators[1]:
            lowest, highest = _reach(first, k, shift, lowest, highest)
        if first > accumulators[0]:
            lowest, highest = _stay_below(first - 1, k, shift, lowest, highest)
    return lowest, highest


def _reach(acc: int, k: int, shift: int, lowest: int, highest: int) -> tuple[int, int]:
    """Narrow (lowest, highest) to the multipliers m with acc * m >= needed."""
    needed = (k << shift) - (1 << (shift - 1)) + (acc < 0)
    if acc > 0:
        return max(lowest, -(-needed // acc)), highest
    if acc < 0:
        return lowest, min(highest, needed // acc)
    return (lowest, highest) if needed <= 0 else (1, 0)


def _stay_below(acc: int, k: int, shift: int, lowest: int, highest: int) -> tuple[int, int]:
    """Narrow (lowest, highest) to the multipliers m with acc * m < limit."""
    limit = (k << shift) - (1 << (shift - 1)) + (acc < 0)
    if acc > 0:
        return lowest, min(highest, (limit - 1) // acc)
    if acc < 0:
        return max(lowest, -(-(limit - 1) // acc)), highest
    return (lowest, highest) if limit > 0 else (1, 0)
