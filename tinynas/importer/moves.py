"""Operators that move bytes; of constants they are computed here and now."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from numpy.typing import NDArray

from tinynas.graph.ir import Concat, Pad, Reshape, ResizeNearest, Transpose
from tinynas.importer.place import Place
from tinynas.tflite import TensorType


def reshape(place: Place) -> None:
    place.count_inputs(1, 2)
    if place.has_input(1):
        wanted = place.sizes(1)
    else:
        wanted = tuple(int(n) for n in place.option("ReshapeOptions", "new_shape"))
    _reshaped(place, lambda shape: _resolved(place, shape, wanted))


def squeeze(place: Place) -> None:
    place.count_inputs(1)
    dims = [int(n) for n in place.option("SqueezeOptions", "squeeze_dims")]

    def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
        gone = {d + len(shape) if d < 0 else d for d in dims} or set(range(len(shape)))
        if dims and not all(d in range(len(shape)) and shape[d] == 1 for d in gone):
            raise place.refuse(f"it squeezes dimensions {dims} of shape {list(shape)}")
        return tuple(n for d, n in enumerate(shape) if n != 1 or d not in gone)

    _reshaped(place, squeezed)


def expand_dims(place: Place) -> None:
    place.count_inputs(2)
    axes = place.sizes(1)

    def expanded(shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(axes) != 1 or not -len(shape) - 1 <= axes[0] <= len(shape):
            raise place.refuse(f"it expands at {list(axes)} of shape {list(shape)}")
        at = axes[0] + len(shape) + 1 if axes[0] < 0 else axes[0]
        return (*shape[:at], 1, *shape[at:])

    _reshaped(place, expanded)


def transpose(place: Place) -> None:
    place.count_inputs(2)
    rank = len(
        place.file_input(0).shape if place.known(0) is not None else place.activation(0).shape
    )
    permutation = [axis + rank if axis < 0 else axis for axis in place.sizes(1)]
    if sorted(permutation) != list(range(rank)):
        raise place.refuse(f"its permutation is {permutation} of {rank} dimensions")
    known = place.known(0)
    if known is not None:
        _computed(place, known.transpose(permutation))
        return
    x = place.activation(0)
    shape = tuple(x.shape[axis] for axis in permutation)
    moving = [axis for axis in permutation if x.shape[axis] > 1]
    if moving == sorted(moving):
        place.emit(Reshape(), (x,), shape)
        return
    # Dimensions of 1 are all alike: the first stays the first where it can.
    if shape[0] == 1:
        at = permutation.index(0)
        permutation[0], permutation[at] = 0, permutation[0]
    place.emit(Transpose(tuple(permutation)), (x,), shape)


def concatenate(place: Place) -> None:
    table = "ConcatenationOptions"
    place.count_inputs(1, 1 << 10)
    parts = [place.operand(i) for i in range(len(place.op.inputs))]
    place.fused(table)
    axis, rank = place.option(table, "axis"), len(parts[0].shape)
    axis = axis + rank if axis < 0 else axis
    rest = {p.shape[:axis] + p.shape[axis + 1 :] for p in parts if len(p.shape) == rank}
    if not 0 < axis < rank or len(rest) != 1 or any(len(p.shape) != rank for p in parts):
        shapes = [list(p.shape) for p in parts]
        raise place.refuse(f"it joins shapes {shapes} along dimension {axis}")
    if all(p.constant for p in parts):
        raise place.refuse("all its inputs are constant")
    scale = place.quantisation(place.file_output)
    for part in parts:
        if part.quantisation != scale:
            place.complain(
                f"its input {part.name!r} has another scale or zero point than its output"
            )
    total = sum(p.shape[axis] for p in parts)
    place.emit(Concat(axis), parts, (*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :]))


def pad(place: Place) -> None:
    place.count_inputs(2)
    _padded(place, None)


def pad_v2(place: Place) -> None:
    place.count_inputs(3)
    value = place.constant(2, TensorType.INT8)
    same = place.quantisation(place.file_input(2)) == place.quantisation(place.file_output)
    if value.size != 1 or not same:
        place.complain("its filler is not one byte on the scale of its output")
    _padded(place, int(value.flat[0]))


def _padded(place: Place, value: int | None) -> None:
    x = place.activation(0)
    amounts = place.sizes(1)
    if len(amounts) != 2 * len(x.shape) or min(amounts) < 0 or any(amounts[:2]):
        raise place.refuse(
            f"its paddings are {list(amounts)} for shape {list(x.shape)}; allowed is a pair a "
            "dimension, none negative, none for the first"
        )
    padding = tuple(zip(amounts[::2], amounts[1::2], strict=True))
    shape = tuple(n + sum(pair) for n, pair in zip(x.shape, padding, strict=True))
    place.emit(Pad(padding, value), (x,), shape)


def resize_nearest(place: Place) -> None:
    table = "ResizeNearestNeighborOptions"
    place.count_inputs(2)
    x, size = place.activation(0), place.sizes(1)
    if len(x.shape) != 4 or len(size) != 2:
        raise place.refuse(f"it resizes shape {list(x.shape)} to {list(size)}; allowed is NHWC")
    attributes = ResizeNearest(
        bool(place.option(table, "align_corners")), bool(place.option(table, "half_pixel_centers"))
    )
    place.emit(attributes, (x,), (1, *size, x.shape[3]))


def _resolved(place: Place, shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """`wanted` with its -1 replaced by what is left."""
    rest = prod(n for n in wanted if n != -1)
    if wanted.count(-1) == 1 and rest > 0 and prod(shape) % rest == 0:
        wanted = tuple(prod(shape) // rest if n == -1 else n for n in wanted)
    if min(wanted, default=1) < 1 or prod(wanted) != prod(shape):
        raise place.refuse(f"it reshapes {list(shape)} to {list(wanted)}")
    return wanted


def _reshaped(place: Place, rule: Callable[[tuple[int, ...]], tuple[int, ...]]) -> None:
    known = place.known(0)
    if known is not None:
        _computed(place, known.reshape(rule(known.shape)))
        return
    x = place.activation(0)
    place.emit(Reshape(), (x,), rule(x.shape))


def _computed(place: Place, value: NDArray[Any]) -> None:
    """The output is known now: it becomes a constant of whatever reads it."""
    out = place.file_output
    if out.type is not place.file_input(0).type:
        raise place.refuse(f"it makes {out.type.name.lower()} of another type")
    place.draft.compute(out.index, value)
