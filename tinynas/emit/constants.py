"""Weights and requantisation constants as the streams of words that the C kernels read.

A kernel walks through its constants with one pointer: each file `<kernel>.c` defines an order, and
this module writes it.  Words are little-endian: byte 0 is the lowest.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.forms import PAIRED_OFFSET, PAIRED_SHIFT, channel_forms
from tinynas.cost.layout import Kernel, kernel_of, padded
from tinynas.cost.wide import (
    ROWS_SHIFT,
    SLIDE_SHIFT,
    TAIL_WORDS,
    WideForms,
    row_forms,
    slide_exponents,
    wide_forms,
)
from tinynas.emit.direct import SHORT, short_products
from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import (
    FullyConnectedRequantisation,
    Requantisation,
    accumulator_bounds,
    bias_of,
)
from tinynas.graph.ir import Graph, Op
from tinynas.schedule.kernels import PLANES, STRIPS

Words: TypeAlias = NDArray[np.uint32]

GENERAL = 64
"""`TINYNAS_GENERAL` in C: what a right shift is lowered by to ask for the general form."""

_MAX_SHIFT = 31


def convolution_words(
    graph: Graph, op: Op, numbers: Requantisation, kernel: Kernel | None = None
) -> Words:
    """The constants of a convolution of any kind, as `kernel` (None: `kernel_of`) reads them.

    Raises:
        InvalidInputError: a multiplier is 2**31 or more, where LiteRT's arithmetic is undefined.
    """
    if numbers.shifts.max() > _MAX_SHIFT:
        raise InvalidInputError(
            f"op {op.name}: multiplies by 2**{numbers.shifts.max()}",
            field="graph",
            given=int(numbers.shifts.max()),
            allowed=f"at most 2**{_MAX_SHIFT}",
        )
    weights = _weights(graph, op)
    bias = bias_of(graph, op)
    rights, multipliers = encoded_rights(graph, op, numbers)
    match kernel or kernel_of(graph, op):
        case Kernel.DEPTHWISE:
            by_channel = weights[0].reshape(-1, weights.shape[-1]).T
            full = len(bias) - len(bias) % 4
            fours = _fours(by_channel[:full], bias[:full], multipliers[:full], rights[:full])
            rest = _singles(by_channel[full:], bias[full:], multipliers[full:], rights[full:])
            return np.concatenate([fours, rest])
        case planes if planes in PLANES:
            return row_words(weights[0], bias, row_forms(graph, op, numbers), numbers)
        case Kernel.DEPTHWISE_ROW:
            return pair_words(weights[0], bias, slide_exponents(graph, op, numbers), numbers)
        case strip if strip in STRIPS:
            exponents = slide_exponents(graph, op, numbers)
            return strip_words(weights[0], bias, exponents, numbers, STRIPS[strip][1])
        case Kernel.DEPTHWISE_STRIDED:
            return strided_words(weights[0], bias, slide_exponents(graph, op, numbers), numbers)
        case Kernel.DEPTHWISE_WIDE:
            return tap_words(weights[0], bias, wide_forms(graph, op, numbers), numbers)
        case Kernel.DEPTHWISE_MULTIPLIER:
            by_channel = weights[0].reshape(-1, weights.shape[-1]).T
            return _singles(by_channel, bias, multipliers, rights)
        case Kernel.CONV_THREE | Kernel.POINTWISE_THREE:
            rows = _gathered(weights)
            lifted = bias - rows.sum(axis=1, dtype=np.int64) * numbers.input_zero_point
            return three_words(rows, lifted, rights + 1, multipliers, numbers.output_zero_point)
        case Kernel.CONV_WIDE | Kernel.POINTWISE_WIDE:
            forms = wide_forms(graph, op, numbers)
            rows = _gathered(weights)
            return wide_words(rows, _raised(bias, rows, numbers), forms, numbers)
        case Kernel.CONV_EXPANDED | Kernel.POINTWISE_EXPANDED:
            forms = wide_forms(graph, op, numbers)
            rows = _gathered(weights)
            return expanded_words(rows, _raised(bias, rows, numbers), forms, numbers)
        case _:
            rows = _gathered(weights)
            return _pairs(rows, _raised(bias, rows, numbers), multipliers, rights)


def fully_connected_words(graph: Graph, op: Op, numbers: FullyConnectedRequantisation) -> Words:
    """The constants of a fully connected layer, one output after the other."""
    weights = _weights(graph, op)
    rows = _padded_rows(weights).view(np.uint32)
    zeros = weights.sum(axis=1, dtype=np.int64) * numbers.input_zero_point
    multipliers = numbers.multipliers.copy()
    high = (multipliers >> 32) | (numbers.shifts.astype(np.int64) << 24)
    for channel, form in enumerate(short_products(numbers, *accumulator_bounds(graph, op))):
        if form is not None:
            multipliers[channel], high[channel] = form.multiplier, SHORT + form.right << 24
    head = np.stack([bias_of(graph, op) - zeros, multipliers, high], axis=1)
    return np.concatenate([_words(head), rows], axis=1).reshape(-1)


def encoded_rights(
    graph: Graph, op: Op, numbers: Requantisation
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(right shifts less one, multipliers) a channel; lowered by `GENERAL` for the general form."""
    forms = channel_forms(graph, op, numbers)
    return np.where(forms.short, forms.rights, forms.rights - GENERAL), forms.multipliers


def _gathered(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights [C, rows, columns, inputs] in the order of conv.c, padded to words: [C, taps].

    The whole words of every kernel row come first, then what is left of every row.
    """
    runs = weights.reshape(len(weights), weights.shape[1], -1)
    whole = runs.shape[2] // 4 * 4
    parts = [runs[:, :, :whole], runs[:, :, whole:]]
    flat = np.concatenate([part.reshape(len(weights), -1) for part in parts], axis=1)
    return _padded_rows(flat)


def _raised(
    bias: NDArray[np.int64], rows: NDArray[np.int8], numbers: Requantisation
) -> NDArray[np.int64]:
    """The bias that goes with inputs raised by 128 instead of lowered by their zero point."""
    lifted: NDArray[np.int64] = rows.sum(axis=1, dtype=np.int64) * (128 + numbers.input_zero_point)
    return bias - lifted


def channel_passes(channels: int) -> NDArray[np.intp]:
    """Which two channels each pass of pair.c computes: [passes, 2]; `channels` where none is."""
    fours, left = divmod(channels, 4)
    first = np.arange(fours + (left == 3)) * 4
    passes = np.stack([first, first + 2, first + 1, first + 3], axis=1).reshape(-1, 2)
    if left in (1, 2):
        passes = np.concatenate([passes, [[4 * fours, 4 * fours + 1]]])
    return np.minimum(passes, channels)


def _pairs(
    rows: NDArray[np.int8],
    bias: NDArray[np.int64],
    multipliers: NDArray[np.int64],
    rights: NDArray[np.int64],
) -> Words:
    """Two channels at a time as pair.c reads them; zeros where a channel has no companion."""
    passes = channel_passes(len(rows))
    rows = np.ascontiguousarray(np.pad(rows, ((0, 1), (0, 0)))[passes])
    shifts = np.where(rights < 0, rights, rights + 1)
    bias, multipliers, shifts = (np.pad(a, (0, 1))[passes] for a in (bias, multipliers, shifts))
    weights = rows.view(np.uint32).transpose(0, 2, 1).reshape(len(passes), -1)
    packed = (shifts & 0xFF) @ (1, 1 << 16)
    tail = np.concatenate([multipliers, packed[:, None]], axis=1)
    return np.concatenate([_words(bias), weights, _words(tail)], axis=1).reshape(-1)


def three_words(
    rows: NDArray[np.int8],
    bias: NDArray[np.int64],
    shifts: NDArray[np.int64],
    multipliers: NDArray[np.int64],
    zero_point: int,
) -> Words:
    """Two channels at a time as three.c reads them; channels and taps in fours.

    `bias` is that of inputs as they are, for weights [C, taps].
    """
    passes = channel_passes(len(rows))
    wide = rows.astype(np.int64)
    sums = bias + PAIRED_OFFSET * wide[:, ::2].sum(axis=1) << PAIRED_SHIFT
    halves = (wide[:, ::2] << 8) + wide[:, 1::2] & 0xFFFF
    weights = _words(halves[:, ::2] | halves[:, 1::2] << 16)[passes].transpose(0, 2, 1).copy()
    weights[1::2] = weights[1::2, ::-1]  # odd passes go downwards
    down = shifts + PAIRED_SHIFT - 1
    offsets = (zero_point + 128 << down) + (1 << down - 1) + (1 << PAIRED_SHIFT - 2)
    head, *tail = (_words(part[passes]) for part in (sums, multipliers, offsets, down))
    return np.concatenate([head, weights.reshape(len(passes), -1), *tail], axis=1).reshape(-1)


def wide_words(
    rows: NDArray[np.int8],
    bias: NDArray[np.int64],
    forms: WideForms,
    numbers: Requantisation,
) -> Words:
    """Two channels at a time as three_wide.c reads them; channels and taps in fours."""
    passes = channel_passes(len(rows))
    wide = rows.astype(np.int64) << (forms.exponents - forms.shift)[:, None]
    weights = _halves(wide[passes])
    weights[1::2] = weights[1::2, ::-1]  # odd passes go downwards
    units = np.int64(1) << forms.exponents - 1
    offsets = (numbers.output_zero_point + 128 << 16) + (1 << 15) + (units >> 1)
    parts = [bias << forms.exponents, numbers.multipliers.astype(np.int64), offsets, units]
    head, *tail = (_words(part[passes]) for part in parts[: 1 + TAIL_WORDS[forms.form]])
    return np.concatenate([head, weights.reshape(len(passes), -1), *tail], axis=1).reshape(-1)


def expanded_words(
    rows: NDArray[np.int8],
    bias: NDArray[np.int64],
    forms: WideForms,
    numbers: Requantisation,
) -> Words:
    """One channel after the other as expand_weights.c reads them; channels and taps in fours."""
    passes = channel_passes(len(rows))
    fours = rows.reshape(len(rows), -1, 4)[passes]  # passes, 2, fours, 4
    fours[1::2] = fours[1::2, :, ::-1, [1, 0, 3, 2]]  # odd passes go downwards
    weights = fours.reshape(len(rows), -1).view(np.uint32)
    sums = bias << forms.exponents
    head = np.stack([sums, numbers.multipliers.astype(np.int64), forms.exponents], axis=1)
    return np.concatenate([_words(head)[passes.reshape(-1)], weights], axis=1).reshape(-1)


def row_words(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    forms: WideForms,
    numbers: Requantisation,
) -> Words:
    """Of every four channels 0, 2, 1, 3 as depthwise_3.c and bands.c read them.

    Weights [rows, columns, C], as many rows as columns.
    """
    taps = weights.reshape(-1, len(bias))
    raised = 0 if forms.shift == ROWS_SHIFT else 128
    lifted = taps.sum(axis=0, dtype=np.int64) * (numbers.input_zero_point + raised)
    sums = bias - lifted << forms.exponents
    head = np.stack([sums, numbers.multipliers.astype(np.int64)], axis=1)
    rest = (forms.exponents - forms.shift).astype(np.int8)
    by_column = _row_bytes(weights.transpose(2, 1, 0), rest).view(np.uint32)
    words = np.concatenate([_words(head), by_column], axis=1)
    return words.reshape(-1, 4, words.shape[1])[:, [0, 2, 1, 3]].reshape(-1)


def _row_bytes(columns: NDArray[np.int8], rest: NDArray[np.int8]) -> NDArray[np.int8]:
    """Weights [C, columns, rows] of 3, 5 or 7 each, and what they are shifted by, as the kernels
    that take rows apart order them: [C, bytes]."""
    channels, size, _ = columns.shape
    swapped = [0, 2, 1, 3]
    if size == 5:
        tail = np.zeros((channels, 8), dtype=np.int8)
        tail[:, :5], tail[:, 5] = columns[:, :, 4], rest
        return np.concatenate([tail, columns[:, :, swapped].reshape(channels, -1)], axis=1)
    places = [0, 1, 2] if size == 3 else [*swapped, 4, 6, 5]
    padded_columns = np.zeros((channels, size, size + 1), dtype=np.int8)
    padded_columns[:, :, :size] = columns[:, :, places]
    padded_columns[:, 0, size] = rest
    return padded_columns.reshape(channels, -1)


def tap_words(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    forms: WideForms,
    numbers: Requantisation,
) -> Words:
    """Four channels at a time as depthwise_wide.c reads them; weights [rows, columns, C]."""
    taps = weights.reshape(-1, len(bias)).astype(np.int64)
    rest = forms.exponents - forms.shift
    sums = bias - taps.sum(axis=0) * numbers.input_zero_point << rest
    halves = (taps << rest & 0xFFFF).reshape(len(taps), -1, 4).swapaxes(0, 1)  # fours, taps, 4
    first = halves[:, 0, :2] | halves[:, 0, 2:] << 16
    pairs = (halves[:, 1::2] | halves[:, 2::2] << 16)[:, ::-1]
    offsets = (1 << 15) + (1 << forms.exponents >> 2)
    tail = np.stack([numbers.multipliers.astype(np.int64), offsets], axis=1).reshape(-1, 4, 2)
    ends = [tail[:, i::2].swapaxes(1, 2).reshape(len(tail), -1) for i in (0, 1)]
    parts = [sums.reshape(-1, 4), first, pairs.reshape(len(pairs), -1), *ends]
    return _words(np.concatenate(parts, axis=1)).reshape(-1)


def strided_words(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    exponents: NDArray[np.int64],
    numbers: Requantisation,
) -> Words:
    """Four channels at a time as depthwise_strided.c reads them; weights [3, 3, C]."""
    taps = weights.reshape(9, len(bias)).astype(np.int64) << exponents - SLIDE_SHIFT
    sums, tail = _slide_numbers(taps, bias, exponents, numbers)
    halves = (taps & 0xFFFF).reshape(3, 3, -1, 4)  # rows, columns, fours, 4
    pairs = halves[0] | halves[1] << 16
    thirds = halves[2][..., :2] | halves[2][..., 2:] << 16
    parts = [sums.reshape(-1, 4), pairs[0], thirds[0], thirds[1], pairs[1], pairs[2], thirds[2]]
    return _words(np.concatenate([*parts, tail.reshape(-1, 8)], axis=1)).reshape(-1)


def pair_words(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    exponents: NDArray[np.int64],
    numbers: Requantisation,
) -> Words:
    """Two channels at a time as depthwise_row.c reads them; weights [3, 3, C], C even."""
    taps = weights.reshape(9, len(bias)).astype(np.int64) << exponents - SLIDE_SHIFT
    sums, tail = _slide_numbers(taps, bias, exponents, numbers)
    halves = (taps & 0xFFFF).reshape(3, 3, -1)  # rows, columns, C
    first, second, third = halves[0] | halves[1] << 16
    lower = halves[2][:-1] | halves[2][1:] << 16
    ends = np.stack([second, third, lower[1]], axis=1)
    begins = np.stack([sums, first, second, lower[0]], axis=1)
    parts = [part.reshape(len(bias) // 2, -1) for part in (ends, tail, begins)]
    return _words(np.concatenate(parts, axis=1)).reshape(-1)


def strip_words(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    exponents: NDArray[np.int64],
    numbers: Requantisation,
    stride: int,
) -> Words:
    """One channel after the other as strips.c reads them; weights [size, size, C], size odd."""
    size = len(weights)
    taps = weights.reshape(size * size, -1).astype(np.int64) << exponents - SLIDE_SHIFT
    sums, tail = _slide_numbers(taps, bias, exponents, numbers)
    halves = (taps & 0xFFFF).reshape(size, size, -1)  # rows, columns, C
    bands = halves[:-1:2] | halves[1::2] << 16
    parts = [sums[None], bands.reshape(-1, len(bias))]
    for before in (0, 1)[: 3 - stride]:
        row = np.pad(halves[-1], ((before, 1 - before), (0, 0)))
        parts.append(row[::2] | row[1::2] << 16)
    return _words(np.concatenate([*parts, tail.T]).T).reshape(-1)


def _slide_numbers(
    taps: NDArray[np.int64],
    bias: NDArray[np.int64],
    exponents: NDArray[np.int64],
    numbers: Requantisation,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where sums begin [C], multipliers and offsets [C, 2] of sums that are not aligned, for taps
    [9, C] that are multiplied already."""
    rest = exponents - SLIDE_SHIFT
    sums = (bias << rest) - taps.sum(axis=0) * numbers.input_zero_point
    offsets = numbers.output_zero_point * (1 << 16 - SLIDE_SHIFT) + (1 << 15 - SLIDE_SHIFT)
    tail = [numbers.multipliers.astype(np.int64), offsets + (1 << rest >> 2)]
    return sums, np.stack(tail, axis=1)


def _halves(weights: NDArray[np.int64]) -> Words:
    """Weights [passes, 2, taps] as words of two [passes, taps / 2, 2]: of every four taps 0 and 2
    of both channels, then 1 and 3."""
    fours = weights.reshape(*weights.shape[:2], -1, 2, 2)  # passes, channel, four, upper, odd
    low, high = fours[:, :, :, 0] & 0xFFFF, fours[:, :, :, 1] & 0xFFFF
    halves = _words(low | high << 16).transpose(0, 2, 3, 1)
    return halves.reshape(len(weights), -1, 2).copy()


def _fours(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    multipliers: NDArray[np.int64],
    rights: NDArray[np.int64],
) -> Words:
    """Four channels at a time as depthwise.c reads them; weights [C, taps], C a multiple of 4."""
    taps = weights.shape[1]
    grouped = weights.reshape(-1, 4, taps).transpose(0, 2, 1)
    by_tap = np.ascontiguousarray(grouped).view(np.uint32).reshape(-1, taps)
    bias, multipliers, rights = (a.reshape(-1, 4) for a in (bias, multipliers, rights))
    packed = (rights & 0xFF) @ (1, 1 << 8, 1 << 16, 1 << 24)
    tail = np.concatenate([multipliers, packed[:, None]], axis=1)
    return np.concatenate([_words(bias), by_tap, _words(tail)], axis=1).reshape(-1)


def _singles(
    weights: NDArray[np.int8],
    bias: NDArray[np.int64],
    multipliers: NDArray[np.int64],
    rights: NDArray[np.int64],
) -> Words:
    """One channel after the other: bias, multiplier, right, weights; weights [C, taps]."""
    head = _words(np.stack([bias, multipliers, rights], axis=1))
    return np.concatenate([head, _padded_rows(weights).view(np.uint32)], axis=1).reshape(-1)


def _weights(graph: Graph, op: Op) -> NDArray[np.int8]:
    data = graph.tensors[op.inputs[1]].data
    assert data is not None  # noqa: S101 - `check_emittable` has seen to it
    return data.astype(np.int8)


def _padded_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Contiguous rows with zeros after each, up to whole words."""
    missing = padded(rows.shape[1]) - rows.shape[1]
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, missing))))


def _words(values: NDArray[np.integer[Any]]) -> Words:
    """The low 32 bits of each value."""
    return (values.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32)
