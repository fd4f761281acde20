"""The short forms of the fast kernels are LiteRT's, under their conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinynas.cost.forms import PAIRED_OFFSET, PAIRED_SHIFT, has_paired_form
from tinynas.cost.wide import (
    CLAMPED,
    ROWS_SHIFT,
    exact_exponents,
    general_under,
    row_forms,
    slide_exponents,
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
    """The depthwise kernels along a row: SMMLA, then twelve bits off and SSAT."""
    numbers = _numbers(multiplier, right, -128)
    graph, op = _strided(heaviest, bias)
    (k,) = slide_exponents(graph, op, numbers).tolist()
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


def test_sums_that_are_not_aligned_take_no_other_zero_point_or_clamp() -> None:
    graph, op = _strided(127, 0)
    assert slide_exponents(graph, op, _numbers(3 << 29, 8, -128)).tolist() == [9]
    assert slide_exponents(graph, op, _numbers(3 << 29, 8, -127)).tolist() == [-1]
    assert slide_exponents(graph, op, _numbers(3 << 29, 8, -128, maximum=100)).tolist() == [-1]
    assert slide_exponents(graph, op, _numbers(0, 0, -128)).tolist() == [6]


def _paired(
    multiplier: int, right: int, zero_point: int, bias: int, weight: int = 1
) -> tuple[Requantisation, bool]:
    """How a layer of four inputs and outputs requantises; whether three pixels at a time may."""
    numbers = _numbers(multiplier, right, zero_point)
    weights = np.full((4, 1, 1, 4), weight, dtype=np.int8)
    tensors = (
        Tensor("x", (1, 1, 1, 4), quantisation=Quantisation((1.0,), 0)),
        Tensor("w", weights.shape, quantisation=Quantisation((1.0,)), constant=True, data=weights),
        Tensor("b", (4,), DType.INT32, constant=True, data=np.full(4, bias, dtype=np.int32)),
        Tensor("y", (1, 1, 1, 4), quantisation=Quantisation((1.0,), zero_point)),
    )
    op = Op("op", Conv2D(Window((1, 1))), ("x", "w", "b"), ("y",))
    graph = Graph("one", {t.name: t for t in tensors}, (op,), ("x",), ("y",))
    return numbers, has_paired_form(graph, op, numbers)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1 << 30, (1 << 31) - 1),
    st.integers(0, 31),
    st.integers(-128, 127),
    st.integers(0, 29),
)
def test_rounding_and_the_zero_point_in_one_offset(
    multiplier: int, right: int, zero_point: int, bits: int
) -> None:
    """The dense kernels for three pixels: SMMLA of 256 times the accumulator, 128 off, ASR."""
    bias = (1 << bits) - 1
    numbers, allowed = _paired(multiplier, right, zero_point, bias)
    largest = bias + 4 * 128
    if not allowed:
        too_large = largest >= 1 << 23 or 257 << right + 7 >= 1 << 30
        assert right == 0 or too_large or largest >> right >= (1 << 15) - 257
        return
    acc = _accumulators(multiplier, right, largest, bits)
    down = right + PAIRED_SHIFT - 1
    offset = (zero_point + 128 << down) + (1 << down - 1) + (1 << PAIRED_SHIFT - 2)
    sums = acc << PAIRED_SHIFT
    scaled = ((sums * multiplier) >> 32) + offset
    assert max(np.abs(sums).max(), np.abs(scaled).max() + 128) < 1 << 31
    signed = scaled - 128 * (acc < 0) >> down
    assert np.abs(signed).max() < 1 << 15
    expected = numbers.apply(acc[:, None])[:, 0]
    np.testing.assert_array_equal(np.clip(signed, 0, 255) - 128, expected)
    if zero_point == -128:
        np.testing.assert_array_equal(np.clip(scaled >> down, 0, 255) - 128, expected)


def test_where_three_pixels_at_a_time_are_refused() -> None:
    m = 3 << 29
    assert _paired(m, 9, -128, 1 << 20)[1]
    assert _paired(m, 9, -128, 1 << 20, weight=-127)[1]
    assert not _paired(m, 9, -128, 1 << 20, weight=-128)[1]
    assert not _paired(m, 9, -128, 1 << 23)[1]
    assert not _paired(m, 0, -128, 1)[1]
    assert not _paired(m, 20, 127, 1)[1]


def test_two_weights_of_a_halfword_as_they_lie_and_extended() -> None:
    """(x - 127) v + (256 y + 127 - x) o = 256 ((x - 127) e + y o), v = 256 e + o, in int16."""
    byte = np.arange(-128, 128)
    weight = np.arange(-127, 128)
    x, y = byte[:, None, None, None], byte[None, ::5, None, None]
    e, o = weight[None, None, ::2, None], weight[None, None, None, ::127]
    v, p, q = 256 * e + o, x - PAIRED_OFFSET, 256 * y + PAIRED_OFFSET - x
    for factor in (v, p, q):
        assert factor.min() >= -(1 << 15)
        assert factor.max() < 1 << 15
    np.testing.assert_array_equal(v.astype(np.int16).astype(np.int8), np.broadcast_to(o, v.shape))
    # The bytes of q are y and x with its lower seven bits turned over.
    np.testing.assert_array_equal(q & 0xFFFF, (y & 0xFF) << 8 | (x ^ 0x7F) & 0xFF)
    np.testing.assert_array_equal(p * v + q * o, 256 * ((x - PAIRED_OFFSET) * e + y * o))
