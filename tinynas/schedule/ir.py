"""Schedule: in which order and in which pieces a graph runs, and where each buffer lies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any


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
    """Ops `first` up to, not including, `last`; `grid` is the patch grid (rows, columns).

    A stream segment hands what need not be kept a row from op to op `chunk` columns at a time, or,
    where `chunks` says so, each of its stages as many as it has there.
    `fed`: the network's input comes row by row from outside and is never there whole.
    """

    kind: SegmentKind
    first: int
    last: int
    grid: tuple[int, int] = (1, 1)
    chunk: int = 0
    fed: bool = False
    chunks: tuple[int, ...] = ()

    @property
    def manner(self) -> str:
        """How its ops run, in words."""
        match self.kind:
            case SegmentKind.PATCH:
                return f"in {self.grid[0]} x {self.grid[1]} patches"
            case SegmentKind.STREAM:
                return f"row by row{' as the rows come in' if self.fed else ''}"
            case _:
                return "layer by layer"

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Segment:
        """From its members as JSON; what an older version did not know has its default."""
        rows, columns = value["grid"]
        chunk, fed = value.get("chunk", 0), value.get("fed", False)
        kind, chunks = SegmentKind(value["kind"]), tuple(value.get("chunks", ()))
        return cls(kind, value["first"], value["last"], (rows, columns), chunk, fed, chunks)


@dataclass(frozen=True)
class Buffer:
    """A stretch of SRAM, live from op `first` to op `last`, both included.

    `tensor` names the graph tensor it holds, whole (`rows` and `columns` its own), the largest
    tile of it, or a ring of `rows` of its rows; scratch memory of a kernel holds no tensor.  Pixel
    (y, x) of a tile lies at `offset + ((y - first row) * columns + (x - first column)) * channels`:
    the row stride is that of the buffer also for the tiles that are smaller than it.  Row y of a
    ring is row `y mod rows` of the buffer.  Where ops of a stream segment take turns, a buffer is
    live whenever one of `first` to `last` runs.
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

    @property
    def end(self) -> int:
        return self.offset + self.bytes


@dataclass(frozen=True)
class Schedule:
    """Segments that cover the graph's ops in order, and the buffers they use.

    `arena_bytes` is the size of the one byte array that every buffer lies in; it includes the
    network's input and output.  `recomputed_macs` are those beyond the network's own.  No placement
    of these segments' buffers needs less than `lower_bound_bytes`.  `variants`: (op, kernel) where
    another kernel than that of the least flash runs an op.
    """

    segments: tuple[Segment, ...]
    buffers: tuple[Buffer, ...]
    arena_bytes: int
    recomputed_macs: int
    lower_bound_bytes: int = 0
    variants: tuple[tuple[str, str], ...] = ()

    def buffer_of(self, tensor: str) -> Buffer:
        return next(b for b in self.buffers if b.tensor == tensor)

    @property
    def fed_by_rows(self) -> bool:
        """Whether the network's input comes row by row and is not in the arena."""
        return self.segments[0].fed

    @property
    def summary(self) -> str:
        """The schedule in one line, e.g. `3 + 10 ops row by row, 35 ops layer by layer`."""
        return ", ".join(
            f"{' + '.join(counts)} {'op' if counts == ['1'] else 'ops'} {manner}"
            for manner, run in groupby(self.segments, key=lambda s: s.manner)
            for counts in [[str(s.last - s.first) for s in run]]
        )

    def to_json(self) -> dict[str, Any]:
        return {"summary": self.summary, **asdict(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Schedule:
        """The inverse of `to_json`, also after a passage through text."""
        segments = tuple(Segment.from_json(s) for s in value["segments"])
        numbers = {k: value[k] for k in ("arena_bytes", "recomputed_macs", "lower_bound_bytes")}
        variants = tuple((op, kernel) for op, kernel in value.get("variants", ()))
        buffers = tuple(Buffer(**b) for b in value["buffers"])
        return cls(segments, buffers, **numbers, variants=variants)
