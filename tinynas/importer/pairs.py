"""ADD and MUL."""

from __future__ import annotations

import numpy as np

from tinynas.graph.ir import Add, Mul
from tinynas.importer.place import Place


def add(place: Place) -> None:
    _pair(place, Add, "AddOptions")


def multiply(place: Place) -> None:
    _pair(place, Mul, "MulOptions")


def _pair(place: Place, kind: type[Add] | type[Mul], table: str) -> None:
    place.count_inputs(2)
    first, second = place.operand(0), place.operand(1)
    if first.constant and second.constant:
        raise place.refuse("both its inputs are constant")
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        raise place.refuse(
            f"its inputs have shapes {list(first.shape)} and {list(second.shape)}, which do not "
            "broadcast"
        ) from None
    place.emit(kind(place.fused(table)), (first, second), shape)
