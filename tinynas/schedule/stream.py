"""Streams: several ops row by row, each row as soon as what it reads is there.

The ops of a stream segment fall into *stages*.  A stage begins with any op that slides a window,
and goes on as long as an op reads the pixel that the one before has just written (1 x 1
convolutions, sums); its ops compute one row together, `chunk` columns at a time.  What only the
same stage reads exists as one such chunk; what a later stage reads is kept in a ring of as many
rows as anybody still needs; only the segment's output is whole.

Every stage reads something of the one before it, and may read what is older (a block's input, for
the sum at its end).  Order of execution: the last stage that can run computes its next row.  So no
stage is further ahead than the ones behind it force it to be, nothing is computed twice, and how
far all the others are when a stage computes row r follows from r alone: all of this module is
arithmetic on rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph, Op
from tinynas.schedule.ir import Segment
from tinynas.schedule.kernels import Kernel, Overlap, kernel_of
from tinynas.schedule.overlap import overlap_distance, reads_of, whole
from tinynas.schedule.windows import escaping, is_patchable, window_of

Rows: TypeAlias = NDArray[np.int64]

INPUT = -1
"""The stage, as it were, that the segment's input comes from."""

MIN_CHUNK = 2
"""Columns handed over at once, at least: dense kernels compute pixels in pairs."""


@dataclass(frozen=True)
class Stage:
    """Ops `first` to `last - 1` of the graph, which compute a row of `columns` pixels together.

    Row y can be computed when rows up to `min(y * stride + reach, source_rows - 1)` of the stage
    before, or of the input, are there; whatever else it reads is there then too.
    """

    first: int
    last: int
    rows: int
    columns: int
    chunk: int
    source_rows: int
    stride: int
    reach: int


@dataclass(frozen=True)
class Held:
    """How a tensor of a stream segment is kept: `rows` of `columns` pixels.

    chunk: it is what the stage works on; else rows are full, and `rows` a ring unless it is all.
    """

    rows: int
    columns: int
    chunk: bool = False


@dataclass(frozen=True)
class Stream:
    """A stream segment worked out.

    `held` says how each tensor that its ops write, and the input if it is fed by rows, is kept.
    `distance` is the least `offset(input) - offset(output)` where the input is whole and both may
    overlap, else None.
    """

    stages: tuple[Stage, ...]
    held: Mapping[str, Held]
    source: str
    out: str
    distance: int | None


def is_streamable(graph: Graph, first: int, last: int) -> bool:
    """Whether ops `first` to `last - 1` can be one stream segment."""
    try:
        stream_of(graph, first, last, MIN_CHUNK)
    except InvalidInputError:
        return False
    return True


def can_be_fed(graph: Graph, last: int) -> bool:
    """Whether the first `last` ops can be a stream segment that takes the input row by row."""
    try:
        stream_of(graph, 0, last, MIN_CHUNK, fed=True)
    except InvalidInputError:
        return False
    return True


def stream_segment(graph: Graph, segment: Segment) -> Stream:
    """`stream_of` for a segment."""
    return stream_of(
        graph, segment.first, segment.last, segment.chunk, segment.chunks, fed=segment.fed
    )


def stream_of(
    graph: Graph,
    first: int,
    last: int,
    chunk: int,
    chunks: tuple[int, ...] = (),
    *,
    fed: bool = False,
) -> Stream:
    """Stages, rings and overlap of a stream segment; `chunks`, if any, has one for every stage.

    Raises:
        InvalidInputError: an op in it cannot run row by row, something in it is read after it, or
            rows of two inputs of an op do not come in an order of their own.
    """
    _check(graph, first, last, fed)
    source = next(graph.activations_in(graph.ops[first])).name
    stages = _stages(graph, first, last, chunk, chunks, source)
    ahead = _Ahead(graph, stages)
    held = {
        name: ahead.held(i, name)
        for i, stage in enumerate(stages)
        for op in graph.ops[stage.first : stage.last]
        for name in op.outputs
    }
    out = graph.ops[last - 1].outputs[0]
    _, rows, columns, _ = graph.tensors[out].shape
    held[out] = Held(rows, columns)
    if fed:
        held[source] = ahead.held(INPUT, source)
    return Stream(stages, held, source, out, None if fed else ahead.distance(source, out))


def _stages(
    graph: Graph, first: int, last: int, chunk: int, chunks: tuple[int, ...], source: str
) -> tuple[Stage, ...]:
    """The ops cut into stages, each with what it has to wait for."""
    edges = [first]
    for position in range(first + 1, last):
        if not _follows(graph, graph.ops[position - 1], graph.ops[position]):
            edges.append(position)
    spans = list(zip(edges, [*edges[1:], last], strict=True))
    writer = {
        name: i
        for i, (begin, end) in enumerate(spans)
        for op in graph.ops[begin:end]
        for name in op.outputs
    }
    writer[source] = INPUT
    if chunks and len(chunks) != len(spans):
        raise InvalidInputError(
            f"ops {first} to {last - 1} are {len(spans)} stages, chunks are given for "
            f"{len(chunks)}",
            field="segment",
            given=list(chunks),
            allowed=f"{len(spans)} of them, or none",
        )
    each = chunks or (chunk,) * len(spans)
    return tuple(_stage(graph, i, span, writer, each[i]) for i, span in enumerate(spans))


def _follows(graph: Graph, before: Op, op: Op) -> bool:
    """Whether an op needs nothing but the pixel that the one before has just written, and pixels
    of the same place that have been there for longer."""
    if before.outputs[0] not in op.inputs:
        return False
    window = window_of(op)
    return window is None or (
        kernel_of(graph, op) is Kernel.POINTWISE and tuple(window.stride) == (1, 1)
    )


def _stage(
    graph: Graph, number: int, span: tuple[int, int], writer: dict[str, int], chunk: int
) -> Stage:
    """Stage `number`; `writer` says which stage writes a tensor."""
    first, last = span
    before = [
        (op, tensor.shape[1])
        for op in graph.ops[first:last]
        for tensor in graph.activations_in(op)
        if writer.get(tensor.name) == number - 1
    ]
    if not before:
        raise InvalidInputError(
            f"op {graph.ops[first].name}: does not follow from the ops before it, row by row",
            field="segment",
            given=graph.ops[first].name,
            allowed="ops that each read what the ones before have written",
        )
    op, source_rows = before[0]
    stride, above, kernel = _rows_of(op)
    _, rows, columns, _ = graph.tensors[graph.ops[last - 1].outputs[0]].shape
    # A stage of one op writes straight to where its output is kept.
    width = columns if last - first == 1 else min(max(chunk, 1), columns)
    return Stage(first, last, rows, columns, width, source_rows, stride, kernel - 1 - above)


def _rows_of(op: Op) -> tuple[int, int, int]:
    """(stride, padding above, kernel) along the rows."""
    window = window_of(op)
    return (1, 0, 1) if window is None else (window.stride[0], window.padding[0], window.kernel[0])


class _Reading(NamedTuple):
    """Rows `y * stride - above` on, `kernel` of them, of `height` are read for row y of `rows`."""

    stride: int
    above: int
    kernel: int
    height: int
    rows: int

    def first(self, rows: Rows) -> Rows:
        """The first row that is read for these; `height` for those past the last."""
        first: Rows = np.clip(rows * self.stride - self.above, 0, self.height)
        return np.where(rows < self.rows, first, self.height)

    def last(self, rows: Rows) -> Rows:
        last: Rows = np.clip(rows * self.stride - self.above + self.kernel - 1, 0, self.height - 1)
        return last


class _Link(NamedTuple):
    """What a stage waits for: `Stage.needed`."""

    stride: int
    reach: int
    source_rows: int


@lru_cache(maxsize=1 << 14)
def _needed(chain: tuple[_Link, ...], rows: int) -> Rows:
    """The rows that must be there at the begin of a chain of stages for each of `rows` at its end;
    the chain from its end to its begin."""
    needed: Rows = np.arange(rows, dtype=np.int64)
    for link in chain:
        needed = np.clip(needed * link.stride + link.reach, 0, link.source_rows - 1)
    return needed


@lru_cache(maxsize=1 << 14)
def _ring_rows(chain: tuple[_Link, ...], reading: _Reading) -> int | None:
    """Rows to keep for a reader at the end of `chain`; None if it may read what is not there.

    While row r is written all rows of the reader that can do without it are done.
    """
    needed = _needed(chain, reading.rows)
    if (reading.last(np.arange(reading.rows)) > needed).any():
        return None
    rows = np.arange(reading.height)
    done = np.searchsorted(needed, rows, side="left")
    return int((rows - np.minimum(reading.first(done), rows)).max()) + 1


@lru_cache(maxsize=1 << 14)
def _row_distance(
    chain: tuple[_Link, ...], reading: _Reading, rows: int, row_bytes: tuple[int, int]
) -> int | None:
    """How far above an output of `rows` rows, the end of `chain`, must lie what a stage at its
    begin reads; bytes of a row of the input and the output.  None: any distance will do."""
    done = _needed(chain, rows) + 1
    first = reading.first(done)
    written = (np.arange(rows) + 1) * row_bytes[1]
    apart = (written - first * row_bytes[0])[first < reading.height]
    return int(apart.max()) if apart.size else None


class _Ahead:
    """How far each stage is while another one computes a row."""

    def __init__(self, graph: Graph, stages: tuple[Stage, ...]) -> None:
        self.graph = graph
        self.stages = stages
        self.links = [_Link(s.stride, s.reach, s.source_rows) for s in stages]
        self.readers: dict[str, list[tuple[int, Op]]] = {}
        for i, stage in enumerate(stages):
            for op in graph.ops[stage.first : stage.last]:
                for tensor in graph.activations_in(op):
                    self.readers.setdefault(tensor.name, []).append((i, op))

    def chain(self, stage: int, of: int) -> tuple[_Link, ...]:
        return tuple(reversed(self.links[of + 1 : stage + 1]))

    def reading(self, stage: int, op: Op, height: int) -> _Reading:
        return _Reading(*_rows_of(op), height, self.stages[stage].rows)

    def held(self, writer: int, name: str) -> Held:
        """How a tensor that stage `writer` writes has to be kept."""
        _, height, width, _ = self.graph.tensors[name].shape
        readers = self.readers.get(name, [])
        if all(stage == writer for stage, _ in readers):
            return Held(1, self.stages[writer].chunk, chunk=True)
        kept = 1
        for stage, op in readers:
            rows = _ring_rows(self.chain(stage, writer), self.reading(stage, op, height))
            if rows is None:
                raise InvalidInputError(
                    f"op {op.name}: reads rows that are not there yet when those of the op before "
                    "are",
                    field="segment",
                    given=op.name,
                    allowed="inputs that are there before what the op before writes",
                )
            kept = max(kept, rows)
        return Held(kept, width)

    def distance(self, source: str, out: str) -> int | None:
        """How far above the output the whole input has to lie; see `tinynas.schedule.overlap`."""
        graph, last = self.graph, len(self.stages) - 1
        x, y = graph.tensors[source], graph.tensors[out]
        row_bytes = (x.bytes // x.shape[1], y.bytes // y.shape[1])
        least = -x.bytes
        for stage, op in self.readers[source]:
            if stage < last:
                reading = self.reading(stage, op, x.shape[1])
                apart = _row_distance(self.chain(last, stage), reading, y.shape[1], row_bytes)
                least = least if apart is None else max(least, apart)
                continue
            reads = reads_of(graph, op)
            if reads is None:
                return None
            if op.outputs[0] != out:  # all of a chunk is read before any of the output's is
                reads = replace(reads, order=Overlap.PIXEL)
            least = max(least, overlap_distance(reads, whole(x), whole(y)))
        return least


def _check(graph: Graph, first: int, last: int, fed: bool) -> None:
    ops = graph.ops[first:last]
    for op in ops:
        if not is_patchable(graph, op):
            raise InvalidInputError(
                f"op {op.name}: {op.kind} cannot run row by row",
                field="segment",
                given=op.kind,
                allowed="Conv2D, DepthwiseConv2D, AveragePool2D, MaxPool2D, Add of one shape",
            )
    lost = escaping(graph, first, last) - set(ops[-1].outputs if ops else ())
    if lost or not ops:
        raise InvalidInputError(
            f"ops {first} to {last - 1}: {sorted(lost)[0] if lost else 'nothing'} "
            "is needed after them and would not be whole",
            field="segment",
            given=[first, last],
            allowed="an end where only the last op's output is read later",
        )
    written = {name for op in ops for name in op.outputs}
    read = {t.name for op in ops for t in graph.activations_in(op)} - written
    later = {name for op in graph.ops[last:] for name in op.inputs} | set(graph.outputs)
    if fed and (first > 0 or len(read) != 1 or read != set(graph.inputs) or read & later):
        raise InvalidInputError(
            "rows can be fed to a first segment alone, of the only input, which nobody else reads",
            field="input",
            given="rows",
            allowed="held",
        )
