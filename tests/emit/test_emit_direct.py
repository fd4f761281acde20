"""The shorter forms of sums, means and fully connected layers: exact, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from emit_batch import Case, run_cases
from emit_graphs import sum_of_inputs

from tinynas.emit.direct import (
    ShortProduct,
    direct_sum,
    mean_has_short_form,
    short_product,
    short_products,
)
from tinynas.graph.arithmetic import (
    AddRequantisation,
    FullyConnectedRequantisation,
    MeanRequantisation,
)
from tinynas.graph.arithmetic.fixed_point import FixedPoint, quantize_multiplier
from tinynas.graph.arithmetic.stepwise import round_half_away
from tinynas.schedule import plan_layer

BYTES = np.arange(-128, 128)
RATIONAL = (0.5, 0.75, 1.0)
"""Scales with which every second sum lies just between two outputs."""


def _sum(
    scales: tuple[float, float, float], zero_points: tuple[int, int, int]
) -> AddRequantisation:
    a, b, out = scales
    most = 2 * max(a, b)
    return AddRequantisation(
        zero_points[:2],
        (quantize_multiplier(a / most), quantize_multiplier(b / most)),
        quantize_multiplier(most / ((1 << 20) * out)),
        zero_points[2],
        -128,
        127,
    )


def _random_sums(count: int) -> list[tuple[tuple[float, float, float], tuple[int, int, int]]]:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(count):
        a, b = np.exp(rng.uniform(-4, 0, 2))
        out = float(np.float32(np.hypot(a, b) * np.exp(rng.uniform(-1, 1))))
        zero_points = tuple(int(z) for z in rng.integers(-128, 128, 3))
        found.append(
            (
                (float(np.float32(a)), float(np.float32(b)), out),
                (zero_points[0], zero_points[1], zero_points[2]),
            )
        )
    return found


class TestDirectSum:
    def test_all_pairs_of_inputs_and_no_overflow(self) -> None:
        formed = 0
        for scales, zero_points in _random_sums(100):
            numbers = _sum(scales, zero_points)
            form = direct_sum(numbers)
            if form is None:
                continue
            formed += 1
            first = form.offset + (form.multipliers[0] * (BYTES * 256) >> 16)
            total = first[:, None] + (form.multipliers[1] * (BYTES * 256) >> 16)
            assert max(np.abs(first).max(), np.abs(total).max(), *form.multipliers) < 1 << 31
            np.testing.assert_array_equal(
                np.clip(total >> 20, -128, 127), numbers.apply(BYTES[:, None], BYTES)
            )
        assert formed >= 95

    def test_ties_of_both_signs_are_refused(self) -> None:
        assert direct_sum(_sum(RATIONAL, (0, 0, 0))) is None

    def test_other_clamps_and_large_factors_are_refused(self) -> None:
        scales, zero_points = _random_sums(1)[0]
        numbers = _sum(scales, zero_points)
        assert direct_sum(numbers) is not None
        assert direct_sum(replace(numbers, maximum=100)) is None
        assert direct_sum(replace(numbers, minimum=0)) is None
        assert direct_sum(_sum((0.31, 0.27, 0.031), zero_points)) is None

    def test_c_gives_all_pairs_in_both_forms(self, tmp_path: Path) -> None:
        cases = []
        pairs = np.stack(np.meshgrid(BYTES, BYTES, indexing="ij")).reshape(1, -1).astype(np.int8)
        for scales, zero_points in [*_random_sums(6), (RATIONAL, (3, -7, 11))]:
            graph = sum_of_inputs((256, 256, 1), scales, zero_points)
            cases.append(Case(graph, plan_layer(graph), pairs))
        for case, actual in zip(cases, run_cases(cases, tmp_path), strict=True):
            np.testing.assert_array_equal(actual, case.expected)


class TestMean:
    @pytest.mark.parametrize("count", [1, 6, 49, 300])
    def test_every_sum_where_the_short_form_is_claimed(self, count: int) -> None:
        rng = np.random.default_rng(count)
        claimed = 0
        for _ in range(20):
            factor = quantize_multiplier(float(np.exp(rng.uniform(-3, 3))) / count)
            before, after = (int(z) for z in rng.integers(-128, 128, 2))
            numbers = MeanRequantisation(count, before, after, factor, -128, 127)
            if not mean_has_short_form(numbers):
                continue
            claimed += 1
            sums = np.arange(-128 * count, 127 * count + 1)
            right, accumulators = -1 - factor.shift, sums - before * count
            high = (2 * accumulators * factor.mantissa + (1 << 31)) >> 32
            scaled = (high - (high < 0) + (2 * after + 1 << right)) >> right >> 1
            np.testing.assert_array_equal(np.clip(scaled, -128, 127), numbers.apply(sums))
        assert claimed >= (3 if count == 1 else 12)

    def test_refused_where_a_sum_leaves_it(self) -> None:
        numbers = MeanRequantisation(4, 0, 0, FixedPoint(1 << 30, 0), -128, 127)
        assert not mean_has_short_form(numbers)
        assert mean_has_short_form(replace(numbers, factor=FixedPoint(1 << 30, -1)))
        assert not mean_has_short_form(replace(numbers, count=1 << 22))


def _reference(scale: float, accumulators: np.ndarray, limits: tuple[int, int]) -> np.ndarray:
    rounded = round_half_away(accumulators.astype(np.float64) * scale)
    return np.clip(rounded, *limits)


class TestShortProduct:
    def test_every_accumulator_of_small_layers(self) -> None:
        rng = np.random.default_rng(9)
        formed = 0
        for _ in range(60):
            scale = float(np.exp(rng.uniform(-9, -1)))
            zero_point = int(rng.integers(-128, 128))
            low, high = -int(rng.integers(1, 40_000)), int(rng.integers(1, 40_000))
            limits = -128 - zero_point, 127 - zero_point
            form = short_product(scale, (low, high), limits)
            if form is None:
                continue
            formed += 1
            accumulators = np.arange(low, high + 1)
            np.testing.assert_array_equal(
                np.clip(form.apply(accumulators), *limits),
                _reference(scale, accumulators, limits),
            )
        assert formed >= 50

    def test_around_every_step_of_large_layers(self) -> None:
        rng = np.random.default_rng(10)
        formed = 0
        for _ in range(200):
            scale = float(np.exp(rng.uniform(-15, -3)))
            span = (-(1 << 31), (1 << 31) - 1)
            limits = -128, 127
            form = short_product(scale, span, limits)
            if form is None:  # one word says too little of the smallest scales
                continue
            formed += 1
            ties = np.floor((np.arange(-140, 140) + 0.5) / scale).astype(np.int64)
            near = (ties[:, None] + np.arange(-3, 4)).reshape(-1)
            accumulators = np.clip(np.concatenate([near, span, [-1, 0, 1]]), *span)
            high = accumulators * form.multiplier >> 32
            assert np.abs(high).max() + (257 << form.right) < 1 << 31
            np.testing.assert_array_equal(
                np.clip(form.apply(accumulators), *limits),
                _reference(scale, accumulators, limits),
            )
        assert formed >= 150

    def test_ties_below_zero_are_refused_or_met(self) -> None:
        """Half away from zero: -1.5 is -2, where adding a half and rounding down gives -1."""
        accumulators = np.arange(-4000, 4001)
        for scale in (0.125, 0.0625, 2.0**-6):
            form = short_product(scale, (-4000, 4000), (-128, 127))
            if form is not None:
                np.testing.assert_array_equal(
                    np.clip(form.apply(accumulators), -128, 127),
                    _reference(scale, accumulators, (-128, 127)),
                )
            positive = short_product(scale, (0, 4000), (-128, 127))
            assert positive is not None

    def test_large_scales_and_other_clamps_are_refused(self) -> None:
        assert short_product(0.25, (-100, 100), (-128, 127)) is None
        assert short_product(0.2499, (-100, 100), (-128, 127)) == ShortProduct(
            round(0.2499 * 2**33), 0
        )
        assert short_product(2.0**-25, (-100, 100), (-128, 127)) is None
        scales = np.array([0.01, 0.02])
        numbers = FullyConnectedRequantisation(
            0, 0, -128, 127, scales, np.zeros(2, np.int64), np.zeros(2, np.int32)
        )
        low, high = np.array([-500, -500]), np.array([500, 500])
        assert all(short_products(numbers, low, high))
        assert short_products(replace(numbers, minimum=0), low, high) == [None, None]
