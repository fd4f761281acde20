"""Schedule: in which order and in which pieces a graph runs, and where each buffer lies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SegmentKind(StrEnum):
    """How the ops of a segment are executed.

    layer: each op over its whole output.  patch: all ops of the segment over one tile of a grid
    after the other, the halo recomputed.  stream: row by row through the segment's ops with line
    buffers, nothing recomputed.
    """

    LAYER = "layer"
    PATCH = "patch"
    STREAM = "stream"


@dataclass(frozen=True)
class Segment:
    """Ops `first` up to, not including, `last` of the graph; `grid` is the patch grid (rows, columns)."""

    kind: SegmentKind
    first: int
    last: int
    grid: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Buffer:
    """A stretch of SRAM, live from op `first` to op `last`, both included.

    `tensor` names the graph tensor it holds, whole (`rows` and `columns` its own) or the largest
    tile of it; scratch memory of a kernel holds no tensor.
    """

    name: str
    bytes: int
    first: int
    last: int
    offset: int
    tensor: str | None = None
    rows: int = 0
    columns: int = 0
    region: str = "arena"


@dataclass(frozen=True)
class Schedule:
    """Segments that cover the graph's ops in order, and the buffers they use.

    `arena_bytes` is the size of the one byte array that every buffer lies in; it includes the
    network's input and output.  `recomputed_macs` are those beyond the network's own.
    """

    segments: tuple[Segment, ...]
    buffers: tuple[Buffer, ...]
    arena_bytes: int
    recomputed_macs: int

    def buffer_of(self, tensor: str) -> Buffer:
        return next(b for b in self.buffers if b.tensor == tensor)
