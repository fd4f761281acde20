"""The short forms of the kernels with int16 weights are LiteRT's, under their conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinynas.cost.forms import has_offset_form
from tinynas.cost.wide import (
    CLAMPED,
    ROWS_SHIFT,
    exact_exponents,
    general_under,
    row_forms,
    strided_exponents,
    wide_forms,
)
from tinynas.graph.arithmetic import Requantisation
from tinynas.graph.ir import Conv2D, DepthwiseConv2D, DType, Graph, Op, Quantisation, Tensor, Window

IntArray = NDArray[np.int64]


def _numbers(multiplier: int, right: int, zero_point: int, maximum: int = 127) -> Requantisation:
    return Requantisation(
        0,
        zero_point,
        -128,
        maximum,
        np.array([multiplier], dtype=np.int32),
        np.array([-right], dtype=np.int32),
    )


def _short(acc: IntArray, k: int, multiplier: int, zero_point: int, *, clamped: bool) -> IntArray:
    """What the C kernels compute: SMMLA, the correction, the upper half, USAT."""
    sums = acc << k
    offset = ((zero_point + 128) << 16) + (1 << 15) + (1 << (k - 2))
    scaled = (sums * multiplier + (offset << 32)) >> 32
    if not clamped:
        scaled -= np.where(sums < 0, 1 << (k - 1), 0)
    assert np.abs(scaled).max() < 1 << 31
    return np.clip(scaled >> 16, 0, 255) - 128


def _accumulators(multiplier: int, right: int, largest: int, seed: int) -> IntArray:
    """Up to +-`largest`: random, the ends, and three to each side of the ties of int8 outputs."""
    ties = (np.arange(-520, 520) + 0.5) * 2.0 ** (right + 31) / multiplier
    near = np.rint(ties).astype(np.int64)[:, None] + np.arange(-3, 4)
    random = np.random.default_rng(seed).integers(-largest, largest + 1, 500)
    ends = np.array([-largest, -largest + 1, -1, 0, 1, largest - 1, largest])
    return np.clip(np.concatenate([near.reshape(-1), random, ends]), -largest, largest)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.integers(1 << 30, (1 << 31) - 1), st.sampled_from([1 << 30, (1 << 31) - 1])),
    st.integers(-2, 20),
    st.integers(-128, 127),
    st.integers(0, 31),
)
def test_short_forms_are_exact_where_they_are_allowed(
    multiplier: int, right: int, zero_point: int, bits: int
) -> None:
    numbers = _numbers(multiplier, right, zero_point)
    largest = (1 << bits) - 1
    (k,) = exact_exponents(np.array([largest]), numbers).tolist()
    if k < 0:
        assert not 1 <= right <= 15 or largest << (17 - right) >= 1 << 31
        return
    acc = _accumulators(multiplier, right, largest, bits)
    expected = numbers.apply(acc[:, None])[:, 0]
    signed = _short(acc, k, multiplier, zero_point, clamped=False)
    np.testing.assert_array_equal(signed, expected)
    if zero_point == -128:
        clamped = _short(acc, k, multiplier, zero_point, clamped=True)
        np.testing.assert_array_equal(clamped, expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(1 << 30, (1 << 31) - 1), st.integers(2, 15), st.integers(6, 16))
def test_the_clamped_form_always_at_its_zero_point(multiplier: int, right: int, bits: int) -> None:
    numbers = _numbers(multiplier, right, -128)
    (k,) = exact_exponents(np.array([1 << bits]), numbers).tolist()
    if k >= 0:
        acc = _accumulators(multiplier, right, 1 << bits, bits)
        clamped = _short(acc, k, multiplier, -128, clamped=True)
        np.testing.assert_array_equal(clamped, numbers.apply(acc[:, None])[:, 0])


def test_conditions_refuse_what_lies_beyond_them() -> None:
    one = np.array([1])
    m = 3 << 29
    assert exact_exponents(one, _numbers(m, 15, -128)).tolist() == [2]
    assert exact_exponents(one, _numbers(m, 16, -128)).tolist() == [-1]
    assert exact_exponents(one, _numbers(m, 9, -128, maximum=100)).tolist() == [-1]
    assert exact_exponents(np.array([(1 << 23) - 1]), _numbers(m, 9, 0)).tolist() == [8]
    assert exact_exponents(np.array([1 << 23]), _numbers(m, 9, 0)).tolist() == [-1]
    assert exact_exponents(one, _numbers(0, 0, 0)).tolist() == [2]


def test_weights_and_sums_bound_what_inputs_can_bring() -> None:
    exponents = np.array([10, 8, -1])
    largest, heaviest = np.array([100, 100, 1 << 25]), np.array([127, 64, 127])
    (at_0, at_2, at_7) = (general_under(s, exponents, largest, heaviest) for s in (0, 2, 7))
    assert at_0 is not None
    assert at_0.tolist() == [True, False, True]
    assert at_2 is not None
    assert at_2.tolist() == [False, False, True]
    assert at_7 is None  # the general channel's sum would leave int32


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1 << 30, (1 << 31) - 1), st.integers(0, 16), st.integers(-128, 127)),
        min_size=2,
        max_size=2,
    ),
    st.sampled_from([-128, -3]),
)
def test_inputs_by_256_where_every_channel_has_room(
    channels: list[tuple[int, int, int]], zero_point: int
) -> None:
    """The depthwise kernel for stride 1: int8 by 2**8 times int8 by the rest is acc by 2**k."""
    multipliers, rights, heaviest = (np.array(c) for c in zip(*channels, strict=True))
    weights = np.zeros((1, 3, 3, 2), dtype=np.int8)
    weights[0, 1, 1] = heaviest
    tensors = (
        Tensor("x", (1, 4, 4, 2), quantisation=Quantisation((1.0,), -128)),
        Tensor("w", weights.shape, quantisation=Quantisation((1.0,)), constant=True, data=weights),
        Tensor("b", (2,), DType.INT32, constant=True, data=np.zeros(2, dtype=np.int32)),
        Tensor("y", (1, 4, 4, 2), quantisation=Quantisation((1.0,), zero_point)),
    )
    op = Op("op", DepthwiseConv2D(Window((3, 3), padding=(1,) * 4)), ("x", "w", "b"), ("y",))
    graph = Graph("two", {t.name: t for t in tensors}, (op,), ("x",), ("y",))
    shifts = -rights.astype(np.int32)
    numbers = Requantisation(-128, zero_point, -128, 127, multipliers.astype(np.int32), shifts)
    forms = row_forms(graph, op, numbers)
    exponents = 17 - rights
    sums = 255 * np.abs(heaviest) << exponents
    room = (exponents >= ROWS_SHIFT) & (exponents <= 16) & (sums < 1 << 31)
    room &= np.abs(heaviest) << np.maximum(exponents - ROWS_SHIFT, 0) < 1 << 15
    if not room.all():
        others = wide_forms(graph, op, numbers)
        assert (forms.shift, forms.form) == (others.shift, others.form)
        return
    assert forms.shift == ROWS_SHIFT
    assert (forms.form == CLAMPED) == (zero_point == -128)
    assert forms.exponents.tolist() == exponents.tolist()
    assert not forms.general.any()
    inputs = np.arange(-128, 128)[:, None] << forms.shift
    scaled = inputs * (heaviest << exponents - forms.shift)
    biased = scaled + (128 * heaviest << exponents)
    np.testing.assert_array_equal(biased, (np.arange(256)[:, None] * heaviest) << exponents)
    assert max(abs(inputs).max(), abs(heaviest << exponents - forms.shift).max()) <= 1 << 15


def _strided(heaviest: int, bias: int) -> tuple[Graph, Op]:
    """One depthwise channel whose weights are 0 but for one."""
    weights = np.zeros((1, 3, 3, 1), dtype=np.int8)
    weights[0, 1, 1, 0] = heaviest
    tensors = (
        Tensor("x", (1, 4, 4, 1), quantisation=Quantisation((1.0,), -128)),
        Tensor("w", weights.shape, quantisation=Quantisation((1.0,)), constant=True, data=weights),
        Tensor("b", (1,), DType.INT32, constant=True, data=np.array([bias], dtype=np.int32)),
        Tensor("y", (1, 2, 2, 1), quantisation=Quantisation((1.0,), -128)),
    )
    op = Op("op", DepthwiseConv2D(Window((3, 3), (2, 2), (0, 1, 0, 1))), ("x", "w", "b"), ("y",))
    return Graph("one", {t.name: t for t in tensors}, (op,), ("x",), ("y",)), op


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1 << 30, (1 << 31) - 1),
    st.integers(0, 16),
    st.sampled_from([1, 30, 127, -128]),
    st.integers(0, 1 << 20),
)
def test_sums_that_are_not_aligned_are_exact_where_they_are_allowed(
    multiplier: int, right: int, heaviest: int, bias: int
) -> None:
    """The depthwise kernel for stride 2: SMMLA, then twelve bits off and SSAT."""
    numbers = _numbers(multiplier, right, -128)
    graph, op = _strided(heaviest, bias)
    (k,) = strided_exponents(graph, op, numbers).tolist()
    largest = abs(heaviest) * 255 + bias
    if k < 0:
        rest = 13 - right
        assert not 2 <= rest <= 12 or abs(heaviest) << rest >= 1 << 15 or largest << rest >= 1 << 31
        return
    acc = _accumulators(multiplier, right, largest, bias)
    offset = (-128 << 12) + (1 << 11) + (1 << (k - 6))
    scaled = ((acc << (k - 4)) * multiplier + (offset << 32)) >> 32
    assert np.abs(scaled).max() < 1 << 31
    outputs = np.clip(scaled >> 12, -128, 127)
    np.testing.assert_array_equal(outputs, numbers.apply(acc[:, None])[:, 0])


def test_stride_2_takes_no_other_zero_point_or_clamp() -> None:
    graph, op = _strided(127, 0)
    assert strided_exponents(graph, op, _numbers(3 << 29, 8, -128)).tolist() == [9]
    assert strided_exponents(graph, op, _numbers(3 << 29, 8, -127)).tolist() == [-1]
    assert strided_exponents(graph, op, _numbers(3 << 29, 8, -128, maximum=100)).tolist() == [-1]
    assert strided_exponents(graph, op, _numbers(0, 0, -128)).tolist() == [6]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1 << 30, (1 << 31) - 1),
    st.integers(0, 31),
    st.integers(-128, 127),
    st.integers(0, 29),
)
def test_half_a_unit_and_the_zero_point_in_one_offset(
    multiplier: int, right: int, zero_point: int, bits: int
) -> None:
    """The dense kernel for three pixels: SMMLAR of twice the accumulator, one off, ASR."""
    numbers = _numbers(multiplier, right, zero_point)
    weights = np.full((4, 1, 1, 4), 1, dtype=np.int8)
    bias = np.full(4, (1 << bits) - 1, dtype=np.int32)
    tensors = (
        Tensor("x", (1, 1, 1, 4), quantisation=Quantisation((1.0,), 0)),
        Tensor("w", weights.shape, quantisation=Quantisation((1.0,)), constant=True, data=weights),
        Tensor("b", (4,), DType.INT32, constant=True, data=bias),
        Tensor("y", (1, 1, 1, 4), quantisation=Quantisation((1.0,), zero_point)),
    )
    op = Op("op", Conv2D(Window((1, 1))), ("x", "w", "b"), ("y",))
    graph = Graph("one", {t.name: t for t in tensors}, (op,), ("x",), ("y",))
    largest = (1 << bits) - 1 + 4 * 128
    if not has_offset_form(graph, op, numbers):
        too_large = largest + (257 << right) >= 1 << 30 or largest >> right >= (1 << 15) - 257
        assert right == 0 or too_large
        return
    acc = _accumulators(multiplier, right, largest, bits)
    offset = (zero_point + 128 << right) + (1 << right - 1)
    sums = ((2 * acc * multiplier + (1 << 31)) >> 32) + offset
    assert np.abs(sums).max() < 1 << 31
    signed = (sums - (acc < 0)) >> right
    assert np.abs(signed).max() < 1 << 15
    expected = numbers.apply(acc[:, None])[:, 0]
    np.testing.assert_array_equal(np.clip(signed, 0, 255) - 128, expected)
    if zero_point == -128:
        np.testing.assert_array_equal(np.clip(sums >> right, 0, 255) - 128, expected)
