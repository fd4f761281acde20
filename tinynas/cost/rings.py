"""Row-by-row execution of single blocks as arrays: rings, chunks, scratch and overlap.

What `tinynas.schedule.stream` works out for one graph, in closed form for all blocks of a space: a
stage hands rows on two columns at a time, what later stages read is kept in rings of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynas.cost.arenas import IMPOSSIBLE, align, dense_scratch
from tinynas.cost.tables import BlockTables
from tinynas.cost.tiles import Windows
from tinynas.schedule.stream import MIN_CHUNK

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def reach(window: Windows, size: IntArray) -> IntArray:
    """Rows of an input of `size` below the first one that output row 0 waits for."""
    rows: IntArray = window.kernel - 1 - window.before(size)
    return rows


def ring_rows(window: Windows, size: IntArray) -> IntArray:
    """Rows of an input of `size` rows that have to be kept for a window that follows at once.

    While row r is written all output rows that can do without it are done, and the next one reads
    from `done * stride - before` on.
    """
    columns = np.broadcast_arrays(window.kernel, window.stride, size)
    flat = np.stack([c.reshape(-1) for c in columns])
    unique, inverse = np.unique(flat, axis=1, return_inverse=True)
    kernel, stride, rows = (column[:, None] for column in unique)
    single = Windows(kernel, stride)
    at = np.arange(int(size.max(initial=1)))[None, :]
    done = np.maximum(-((reach(single, rows) - at) // stride), 0)
    first = np.where(done < -(-rows // stride), done * stride - single.before(rows), rows)
    kept = at - np.clip(first, 0, at) + 1
    most: IntArray = np.where(at < rows, kept, 0).max(axis=1)
    return most[inverse].reshape(columns[0].shape)


@dataclass(frozen=True)
class BlockRings:
    """A block's parts in a stream (bytes); arrays broadcast.

    `expanded` and `residual`: rings of the expanded tensor and of the block's input, where a sum
    waits for it.  `depthwise` and `projected`: chunks; scratch of the two dense kernels.
    """

    expanded: IntArray
    residual: IntArray
    depthwise: IntArray
    projected: IntArray
    expand_scratch: IntArray
    project_scratch: IntArray

    @classmethod
    def of(
        cls,
        window: Windows,
        size: IntArray,
        out_size: IntArray,
        channels: tuple[IntArray, IntArray, IntArray],
        residual: BoolArray,
    ) -> BlockRings:
        """`size` and `out_size`: rows in and out; `channels`: in, expanded and out."""
        entering, expanded, leaving = channels
        chunk = np.minimum(out_size, MIN_CHUNK)
        waiting = np.minimum(reach(window, size) + 1, size)
        return cls(
            align(ring_rows(window, size) * size * expanded),
            np.where(residual, align(waiting * size * entering), 0),
            align(chunk * expanded),
            align(chunk * leaving),
            dense_scratch(entering),
            dense_scratch(expanded),
        )


def block_workspace(rings: BlockRings, residual: BoolArray) -> IntArray:
    """Of a block that is a stream of its own, its input and output whole."""
    projecting = rings.depthwise + rings.project_scratch + np.where(residual, rings.projected, 0)
    turns: IntArray = np.maximum(rings.expand_scratch, projecting)
    return rings.expanded + turns


def block_distance(
    window: Windows,
    size: IntArray,
    out_size: IntArray,
    row_bytes: tuple[IntArray, IntArray],
    residual: BoolArray,
) -> IntArray:
    """How far above its output the input of a block that is a stream has to lie (bytes).

    When output row r is written, `r * stride + reach + 1` rows have been expanded; once that is all
    of them nothing is read any more.  `row_bytes` of input and output.
    """
    first = reach(window, size) + 1
    last = np.minimum((size - 1 - first) // window.stride, out_size - 1)

    def apart(row: IntArray) -> IntArray:
        written: IntArray = (row + 1) * row_bytes[1] - (row * window.stride + first) * row_bytes[0]
        return written

    least = -size * row_bytes[0]
    open_rows = np.where(last >= 0, np.maximum(apart(0 * last), apart(last)), least)
    distance: IntArray = np.maximum(open_rows, least)
    return np.where(residual, np.maximum(distance, 0), distance)


def stream_end_costs(blocks: BlockTables) -> IntArray:
    """Of every entry as a stream of its own: [S, entries, from, to]."""
    s = blocks.shapes
    window = Windows(s.kernel, s.stride)
    source = align(s.in_size**2 * s.in_channels)
    out = align(s.out_size**2 * s.out_channels)
    row_bytes = (s.in_size * s.in_channels, s.out_size * s.out_channels)
    gap = block_distance(window, s.in_size, s.out_size, row_bytes, blocks.residual)
    workspace = block_workspace(entry_rings(blocks), blocks.residual)
    costs = stream_ends(source, out, workspace, gap)
    costs[~blocks.present] = [[0, IMPOSSIBLE], [IMPOSSIBLE, 0]]
    return costs


def entry_rings(blocks: BlockTables) -> BlockRings:
    """Of every entry [S, entries]."""
    s = blocks.shapes
    channels = (s.in_channels, s.expanded, s.out_channels)
    window = Windows(s.kernel, s.stride)
    return BlockRings.of(window, s.in_size, s.out_size, channels, blocks.residual)


def stream_ends(source: IntArray, out: IntArray, workspace: IntArray, gap: IntArray) -> IntArray:
    """An arena that a stream fits with input and output at given ends: [..., from, to].

    Ends: 0 the bottom, 1 the top.  Input and output share memory at the same end if the distance
    `gap` between them allows it; from one end to the other they lie beside one another.  A planner
    may do better by leaving the ends.
    """
    shared = np.maximum(source, out) + workspace
    beside = source + out + workspace
    bottom = np.where(gap <= 0, shared, IMPOSSIBLE)
    top = np.where(gap <= out - source, shared, IMPOSSIBLE)
    return np.stack([np.stack([bottom, beside], -1), np.stack([beside, top], -1)], -2)
