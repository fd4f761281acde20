"""Weights and requantisation constants as the streams of words that the C kernels read.

A kernel walks through its constants with one pointer: each file `<kernel>.c` defines an order, and
this module writes it.  Words are little-endian: byte 0 is the lowest.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.forms import channel_forms
from tinynas.cost.layout import Kernel, kernel_of, padded
from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import (
    FullyConnectedRequantisation,
    Requantisation,
    bias_of,
)
from tinynas.graph.ir import Graph, Op

Words: TypeAlias = NDArray[np.uint32]

GENERAL = 64
"""`TINYNAS_GENERAL` in C: what a right shift is lowered by to ask for the general form."""

_LANES = (0, 2, 1, 3)
"""The order of four taps in which bytes 0, 2 and bytes 1, 3 of a word are neighbours."""

_MAX_SHIFT = 31


def convolution_words(graph: Graph, op: Op, numbers: Requantisation) -> Words:
    """The constants of a convolution of any kind.

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
    match kernel_of(graph, op):
        case Kernel.DEPTHWISE:
            by_channel = weights[0].reshape(-1, weights.shape[-1]).T
            full = len(bias) - len(bias) % 4
            fours = _fours(by_channel[:full], bias[:full], multipliers[:full], rights[:full])
            rest = _singles(by_channel[full:], bias[full:], multipliers[full:], rights[full:])
            return np.concatenate([fours, rest])
        case Kernel.DEPTHWISE_MULTIPLIER:
            by_channel = weights[0].reshape(-1, weights.shape[-1]).T
            return _singles(by_channel, bias, multipliers, rights)
        case kernel:
            rows = _padded_rows(weights.reshape(len(bias), -1))
            if kernel is Kernel.CONV:
                rows = rows.reshape(len(rows), -1, 4)[:, :, _LANES].reshape(len(rows), -1)
            return _pairs(rows, bias, multipliers, rights)


def fully_connected_words(graph: Graph, op: Op, numbers: FullyConnectedRequantisation) -> Words:
    """The constants of a fully connected layer, one output after the other."""
    rows = _padded_rows(_weights(graph, op)).view(np.uint32)
    high = (numbers.multipliers >> 32) | (numbers.shifts.astype(np.int64) << 24)
    head = np.stack([bias_of(graph, op), numbers.multipliers, high], axis=1)
    return np.concatenate([_words(head), rows], axis=1).reshape(-1)


def encoded_rights(
    graph: Graph, op: Op, numbers: Requantisation
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(right shifts less one, multipliers) a channel; lowered by `GENERAL` for the general form."""
    forms = channel_forms(graph, op, numbers)
    return np.where(forms.short, forms.rights, forms.rights - GENERAL), forms.multipliers


def _pairs(
    rows: NDArray[np.int8],
    bias: NDArray[np.int64],
    multipliers: NDArray[np.int64],
    rights: NDArray[np.int64],
) -> Words:
    """Two channels at a time as pair.c reads them; a companion of zeros for an odd last one."""
    odd = len(rows) % 2
    rows = np.ascontiguousarray(np.pad(rows, ((0, odd), (0, 0))))
    bias, multipliers, rights = (
        np.pad(a, (0, odd)).reshape(-1, 2) for a in (bias, multipliers, rights)
    )
    pairs = len(bias)
    weights = rows.view(np.uint32).reshape(pairs, 2, -1).transpose(0, 2, 1).reshape(pairs, -1)
    packed = (rights & 0xFF) @ (1, 1 << 8)
    tail = np.concatenate([multipliers, packed[:, None]], axis=1)
    return np.concatenate([_words(bias), weights, _words(tail)], axis=1).reshape(-1)


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
