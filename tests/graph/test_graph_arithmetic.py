"""The formulas against slow, literal ones in Python integers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tinynas.graph.arithmetic import (
    FixedPoint,
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from tinynas.graph.arithmetic.stepwise import matching_integers, round_half_away
from tinynas.graph.ir import Activation, DType


def literal_multiply(x: int, factor: FixedPoint) -> int:
    """gemmlowp, line by line: truncating division with a nudge, then ties away from zero."""
    left, right = max(factor.shift, 0), max(-factor.shift, 0)
    x = (x << left) & 0xFFFFFFFF
    x = x - (1 << 32) if x >= 1 << 31 else x
    product = x * factor.mantissa
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    high = math.trunc(Fraction(product + nudge, 1 << 31))
    magnitude = (abs(high) + (1 << right >> 1)) >> right if right else abs(high)
    return magnitude if high >= 0 else -magnitude


@pytest.mark.parametrize("real", [1e-12, 3e-5, 0.0039, 0.25, 0.5, 0.99999, 1.0, 1.75, 77.0])
def test_quantize_multiplier_is_the_nearest_31_bit_number(real: float) -> None:
    factor = quantize_multiplier(real)
    if real < 2**-33:
        assert factor == (0, 0)
        return
    assert 1 << 30 <= factor.mantissa < 1 << 31
    assert abs(factor.real - real) <= math.ldexp(0.5, factor.shift - 31)


def test_quantize_multiplier_carries_a_mantissa_that_rounds_up_to_one() -> None:
    assert quantize_multiplier(1 - 2**-40) == (1 << 30, 1)
    assert quantize_multiplier(0.0) == (0, 0)


@pytest.mark.parametrize("real", [-1.0, math.nan, math.inf])
def test_quantize_multiplier_refuses_what_is_no_scale(real: float) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        quantize_multiplier(real)


def test_multiplication_equals_the_literal_one() -> None:
    rng = np.random.default_rng(1)
    for real in [2**-20, 0.0007, 2**-6, 0.031, 0.5, 0.9, 1.0, 3.7]:
        factor = quantize_multiplier(real)
        x = np.concatenate([np.arange(-600, 600), rng.integers(-(1 << 31), 1 << 31, 2000)])
        got = multiply_by_quantized_multiplier(x, *factor)
        assert got.tolist() == [literal_multiply(int(v), factor) for v in x]


def test_two_roundings_differ_from_one() -> None:
    factor = quantize_multiplier(2**-5)
    ties = np.array([-48, -16, 16, 48])
    got = multiply_by_quantized_multiplier(ties, *factor)
    assert got.tolist() == [-2, -1, 1, 2], "ties go away from zero, not up"


def test_round_half_away_is_c_round() -> None:
    just_below = np.nextafter(0.5, 0)
    values = np.array([-2.5, -0.5, -just_below, 0.0, just_below, 0.5, 1.5])
    assert round_half_away(values).tolist() == [-3, -1, 0, 0, 0, 1, 2]


@pytest.mark.parametrize(
    ("activation", "expected"),
    [(Activation.NONE, (-128, 127)), (Activation.RELU, (-10, 127)), (Activation.RELU6, (-10, 50))],
)
def test_activation_range(activation: Activation, expected: tuple[int, int]) -> None:
    assert activation_range(activation, 0.1, -10, DType.INT8) == expected


def test_relu6_beyond_the_range_is_cut_to_the_type() -> None:
    assert activation_range(Activation.RELU6, 0.001, -128, DType.INT8) == (-128, 127)


def test_matching_integers_equal_the_double_product_everywhere() -> None:
    rng = np.random.default_rng(3)
    for trial in range(60):
        scale = 2.0 ** -rng.integers(1, 14) if trial % 4 == 0 else float(rng.uniform(1e-4, 0.2))
        reach = (int(-rng.integers(1, 200_000)), int(rng.integers(1, 200_000)))
        outputs = (0, 255) if trial % 2 else (-131, 124)
        multiplier, shift = matching_integers(scale, reach, outputs)
        acc = np.arange(reach[0], reach[1] + 1)
        integer = (acc * multiplier + (1 << (shift - 1)) - (acc < 0)) >> shift
        expected = round_half_away(acc.astype(np.float64) * scale)
        np.testing.assert_array_equal(np.clip(integer, *outputs), np.clip(expected, *outputs))


def test_matching_integers_on_wide_accumulators() -> None:
    rng = np.random.default_rng(4)
    reach = (-(1 << 26), 1 << 26)
    for scale in rng.uniform(2**-16, 2**-11, 20):
        multiplier, shift = matching_integers(float(scale), reach, (-128, 127))
        acc = rng.integers(-(1 << 24), 1 << 24, 50_000)
        integer = (acc * multiplier + (1 << (shift - 1)) - (acc < 0)) >> shift
        expected = round_half_away(acc * scale)
        np.testing.assert_array_equal(np.clip(integer, -128, 127), np.clip(expected, -128, 127))


def test_matching_integers_refuses_no_scale() -> None:
    with pytest.raises(ValueError, match="above 0"):
        matching_integers(0.0, (-1, 1), (-128, 127))
