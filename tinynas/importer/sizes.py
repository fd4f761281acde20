"""SHAPE, STRIDED_SLICE and PACK: how exporters with a dynamic batch say the shape of a RESHAPE.

With a batch of 1 all of it is known, so nothing is left for the device.
"""

from __future__ import annotations

import numpy as np

from tinynas.importer.place import Place
from tinynas.tflite import TensorType


def shape(place: Place) -> None:
    place.count_inputs(1)
    index = place.op.inputs[0]
    known = place.known(0)
    if index in place.draft.outside:
        found = place.draft.outside[index].shape
    else:
        found = place.activation(0).shape if known is None else known.shape
    _emit(place, np.array(found, dtype=np.int64))


def strided_slice(place: Place) -> None:
    table = "StridedSliceOptions"
    place.count_inputs(4)
    values = np.array(place.sizes(0), dtype=np.int64)
    starts, stops, steps = (place.sizes(i) for i in (1, 2, 3))
    masks = {m: place.option(table, f"{m}_mask") for m in ("begin", "end", "shrink_axis")}
    odd = place.option(table, "ellipsis_mask") or place.option(table, "new_axis_mask")
    if odd or {len(starts), len(stops), len(steps)} != {1} or steps[0] == 0:
        raise place.refuse("it slices more than a list of sizes")
    start = None if masks["begin"] & 1 else starts[0]
    stop = None if masks["end"] & 1 else stops[0]
    if masks["shrink_axis"] & 1:
        if not -len(values) <= starts[0] < len(values):
            raise place.refuse(f"it takes element {starts[0]} of {len(values)}")
        _emit(place, values[starts[0]])
        return
    _emit(place, values[slice(start, stop, steps[0])])


def pack(place: Place) -> None:
    place.count_inputs(1, 64)
    parts = [place.sizes(i) for i in range(len(place.op.inputs))]
    if place.option("PackOptions", "axis") != 0 or any(len(p) != 1 for p in parts):
        raise place.refuse("it packs more than a list of sizes")
    _emit(place, np.array([p[0] for p in parts], dtype=np.int64))


def _emit(place: Place, values: np.int64 | np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> None:
    out = place.file_output
    if out.type not in (TensorType.INT32, TensorType.INT64):
        raise place.refuse(f"its output is {out.type.name.lower()}, not int32")
    place.draft.compute(out.index, np.asarray(values))
