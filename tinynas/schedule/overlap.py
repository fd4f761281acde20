"""How far an operator's output may reach into its own input (vMCU, MLSys 2024, section 4).

Kernels compute output pixels in raster order, and say in which order they read and write within one
(`Overlap`).  So the output may lie below the input, written over input bytes that nobody reads any
more.  The *distance* of an op is the least `offset(input) - offset(output)` for which that holds;
it is negative where reading runs ahead of writing (a strided op).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tinynas.graph.ir import Graph, Op, Tensor
from tinynas.schedule.kernels import Overlap, kernel_of, overlap_of
from tinynas.schedule.windows import TileWindow, window_of


@dataclass(frozen=True)
class View:
    """Pixels `window` of a tensor in memory, `columns` pixels a row, `channels` bytes a pixel."""

    window: TileWindow
    columns: int
    channels: int

    @property
    def bytes(self) -> int:
        """From the first pixel's first byte to the last one's last."""
        if self.window.rows * self.window.columns == 0:
            return 0
        return ((self.window.rows - 1) * self.columns + self.window.columns) * self.channels


@dataclass(frozen=True)
class Reads:
    """First row (column) read for output row y: `max(y * stride - before, 0)`; (rows, columns)."""

    stride: tuple[int, int] = (1, 1)
    before: tuple[int, int] = (0, 0)
    order: Overlap = Overlap.PIXEL


def whole(tensor: Tensor) -> View:
    """The view that holds all of an NHWC tensor."""
    _, height, width, channels = tensor.shape
    return View(TileWindow(0, height, 0, width), width, channels * tensor.dtype.bytes)


def reads_of(graph: Graph, op: Op) -> Reads | None:
    """How an op walks over the pixels of its activations; None for one that does not, or whose
    output must not touch its input."""
    order = overlap_of(kernel_of(graph, op))
    if order not in (Overlap.PIXEL, Overlap.ELEMENT):
        return None
    window = window_of(op)
    if window is None:
        return Reads(order=order)
    return Reads(window.stride, (window.padding[0], window.padding[2]), order)


@cache
def overlap_distance(reads: Reads, source: View, out: View) -> int:
    """The distance, in bytes, of an op that computes `out.window` from the `source` view."""
    window = out.window
    if window.rows * window.columns == 0:
        return -source.bytes
    y, x = np.arange(window.y0, window.y1), np.arange(window.x0, window.x1)
    first_row = np.maximum(y * reads.stride[0] - reads.before[0], 0) - source.window.y0
    first_column = np.maximum(x * reads.stride[1] - reads.before[1], 0) - source.window.x0
    row = first_row * source.columns * source.channels
    needed = row[:, None] + (first_column * source.channels)[None, :]
    # Still needed after pixel (y, x): what its right neighbour or the next row's first pixel reads
    # first, because both grow in raster order.  After the last pixel nothing is.
    later = np.full(needed.shape, np.iinfo(np.int64).max)
    later[:, :-1] = needed[:, 1:]
    later[:-1] = np.minimum(later[:-1], needed[1:, :1])
    pixel = np.arange(window.rows)[:, None] * out.columns + np.arange(window.columns)[None, :]
    distance = int(((pixel + 1) * out.channels - later).max())
    if reads.order is Overlap.ELEMENT:
        # Channel c must not hit an input channel of its own pixel that is still to be read, so the
        # pixel may at most begin where the first one that it reads begins.
        distance = max(distance, int((pixel * out.channels - needed).max()))
    return max(distance, -source.bytes)


def layer_distance(graph: Graph, op: Op, source: Tensor) -> int | None:
    """The distance of an op over whole tensors; None where it must not overlap `source`."""
    out = graph.tensors[op.outputs[0]]
    if overlap_of(kernel_of(graph, op)) is Overlap.FLAT:
        return 0 if source.bytes == out.bytes else None
    reads = reads_of(graph, op)
    if reads is None or len(source.shape) != 4 or len(out.shape) != 4:
        return None
    return overlap_distance(reads, whole(source), whole(out))
