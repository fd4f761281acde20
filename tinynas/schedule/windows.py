"""Which part of every tensor a patch needs: exact receptive fields, clipped to the tensors.

A tile of a grid is a rectangle, and every window op maps rectangles to rectangles, rows and columns
apart.  So the geometry is solved once for rows and once for columns, and a tile (i, j) is the
product of row interval i and column interval j.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import (
    Add,
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    Graph,
    MaxPool2D,
    Op,
    Window,
    op_macs,
)
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.kernels import broadcasts


class TileWindow(NamedTuple):
    """Rows [y0, y1) and columns [x0, x1) of a tensor, in the whole tensor's coordinates."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def rows(self) -> int:
        return self.y1 - self.y0

    @property
    def columns(self) -> int:
        return self.x1 - self.x0


@dataclass(frozen=True)
class Intervals:
    """Half-open intervals [low, high) along one axis, one a part of the grid: int [parts]."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        return self.high - self.low

    @property
    def longest(self) -> int:
        return int(self.lengths.max())

    @cached_property
    def covered(self) -> int:
        """How many positions lie in at least one interval."""
        seen = np.zeros(max(int(self.high.max()), 0), dtype=bool)
        for low, high in zip(self.low, self.high, strict=True):
            seen[low:high] = True
        return int(seen.sum())

    def hull(self, other: Intervals) -> Intervals:
        """The smallest interval around both, part by part; an empty one adds nothing."""
        low = np.where(other.lengths == 0, self.low, np.minimum(self.low, other.low))
        high = np.where(other.lengths == 0, self.high, np.maximum(self.high, other.high))
        empty = self.lengths == 0
        return Intervals(np.where(empty, other.low, low), np.where(empty, other.high, high))


def split(size: int, parts: int) -> Intervals:
    """`size` positions in `parts` intervals whose lengths differ by one at most."""
    edges = np.arange(parts + 1, dtype=np.int64) * size // parts
    return Intervals(edges[:-1], edges[1:])


def receptive(out: Intervals, kernel: int, stride: int, before: int, size: int) -> Intervals:
    """Input positions that a sliding window reads for `out`, clipped to [0, size).

    `before` is the padding above (or left of) the input.
    """
    low = np.clip(out.low * stride - before, 0, size)
    high = np.clip((out.high - 1) * stride - before + kernel, 0, size)
    empty = (out.lengths == 0) | (high <= low)
    return Intervals(np.where(empty, 0, low), np.where(empty, 0, high))


def window_of(op: Op) -> Window | None:
    """The window that an op slides over its input; None where it has none."""
    match op.attributes:
        case (
            Conv2D(window=window)
            | DepthwiseConv2D(window=window)
            | AveragePool2D(window=window)
            | MaxPool2D(window=window)
        ):
            return window
        case _:
            return None


def is_patchable(graph: Graph, op: Op) -> bool:
    """Whether a tile of the op's output needs no more than a tile of its input."""
    sums = isinstance(op.attributes, Add) and len(graph.tensors[op.outputs[0]].shape) == 4
    return window_of(op) is not None or (sums and not broadcasts(graph, op))


def patch_points(graph: Graph) -> tuple[int, ...]:
    """All n >= 2 for which the first n ops can run patch by patch.

    They must be convolutions, pools and additions, and nothing but the last one's output may be
    read after them.
    """
    points: list[int] = []
    for n, op in enumerate(graph.ops, start=1):
        if not is_patchable(graph, op):
            break
        if n >= 2 and escaping(graph, 0, n) == set(op.outputs):
            points.append(n)
    return tuple(points)


def escaping(graph: Graph, first: int, last: int) -> set[str]:
    """Tensors that ops `first` to `last - 1` write and nobody among them is the last to read."""
    written = {name for op in graph.ops[first:last] for name in op.outputs}
    read_inside = {name for op in graph.ops[first:last] for name in op.inputs}
    read_after = {name for op in graph.ops[last:] for name in op.inputs} | set(graph.outputs)
    return {name for name in written if name in read_after or name not in read_inside}


def tile_windows(graph: Graph, segment: Segment) -> tuple[tuple[TileWindow, ...], ...]:
    """What each op computes for each tile: `[tile][op of the segment]`, tiles in raster order.

    The tiles divide the output of the segment's last op; the windows of the ops before it are the
    exact receptive fields, clipped to their tensors.  A window may be empty (y0 == y1) where a
    tile sees nothing but padding.

    Raises:
        InvalidInputError: not a patch segment, an op in it cannot be tiled, a tensor inside it is
            read after it, or the grid has more rows or columns than the output.
    """
    _check(graph, segment)
    rows, columns = axis_windows(graph, segment, 0), axis_windows(graph, segment, 1)
    return tuple(
        tuple(
            TileWindow(int(r.low[i]), int(r.high[i]), int(c.low[j]), int(c.high[j]))
            for r, c in zip(rows, columns, strict=True)
        )
        for i in range(segment.grid[0])
        for j in range(segment.grid[1])
    )


def axis_windows(graph: Graph, segment: Segment, axis: int) -> list[Intervals]:
    """Per op of the segment, the rows (axis 0) or columns (axis 1) of each part of the grid."""
    ops = graph.ops[segment.first : segment.last]
    size = graph.tensors[ops[-1].outputs[0]].shape[1 + axis]
    needed = {ops[-1].outputs[0]: split(size, segment.grid[axis])}
    for op in reversed(ops):
        out = needed[op.outputs[0]]
        for tensor in graph.activations_in(op):
            need, w = out, window_of(op)
            if w is not None:
                k, s, before = w.kernel[axis], w.stride[axis], w.padding[2 * axis]
                need = receptive(out, k, s, before, tensor.shape[1 + axis])
            known = needed.get(tensor.name)
            needed[tensor.name] = need if known is None else known.hull(need)
    return [needed[op.outputs[0]] for op in ops]


def recomputed_macs(graph: Graph, segment: Segment) -> int:
    """Multiply-accumulates spent on pixels that an earlier tile has computed already, exactly."""
    if segment.kind is not SegmentKind.PATCH:
        return 0
    _check(graph, segment)
    total = 0
    ops = graph.ops[segment.first : segment.last]
    windows = zip(
        ops, axis_windows(graph, segment, 0), axis_windows(graph, segment, 1), strict=True
    )
    for op, rows, columns in windows:
        _, height, width, _ = graph.tensors[op.outputs[0]].shape
        computed = int(rows.lengths.sum()) * int(columns.lengths.sum())
        twice = computed - rows.covered * columns.covered
        total += twice * (op_macs(graph, op) // (height * width))
    return total


def _check(graph: Graph, segment: Segment) -> None:
    ops = graph.ops[segment.first : segment.last]
    if segment.kind is not SegmentKind.PATCH or not ops:
        raise InvalidInputError(
            f"segment {segment} has no tiles", field="segment", given=str(segment), allowed="patch"
        )
    for op in ops:
        if not is_patchable(graph, op):
            raise InvalidInputError(
                f"op {op.name}: {op.kind} cannot run patch by patch",
                field="segment",
                given=op.kind,
                allowed="Conv2D, DepthwiseConv2D, AveragePool2D, MaxPool2D, Add of one shape",
            )
    lost = escaping(graph, segment.first, segment.last) - set(ops[-1].outputs)
    if lost:
        raise InvalidInputError(
            f"segment {segment}: {sorted(lost)[0]} is needed after it and would not be whole",
            field="segment",
            given=str(segment),
            allowed="an end where only the last op's output is read later",
        )
    _, height, width, _ = graph.tensors[ops[-1].outputs[0]].shape
    if not (1 <= segment.grid[0] <= height and 1 <= segment.grid[1] <= width):
        raise InvalidInputError(
            f"patch grid {segment.grid}: {ops[-1].name} has {height} x {width} pixels",
            field="grid",
            given=list(segment.grid),
            allowed=f"1 x 1 to {height} x {width}",
        )
