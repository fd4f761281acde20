"""Streams: several ops row by row, each row as soon as what it reads is there.

The ops of a stream segment fall into *stages*.  A stage begins with any op that slides a window, and
goes on as long as an op reads the pixel that the one before has just written (1 x 1 convolutions,
sums); its ops compute one row together, `chunk` columns at a time.  What only the same stage reads
exists as one such chunk; what a later stage reads is kept in a ring of as many rows as anybody
still needs; only the segment's output is whole.

Order of execution: the last stage that can run computes its next row.  So no stage is further ahead
than the ones behind it force it to be, nothing is computed twice, and how far all the others are
when a stage computes row r follows from r alone: all of this module is arithmetic on rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

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
"""The stage that the segment's input comes from."""

MIN_CHUNK = 2
"""Columns handed over at once, at least: dense kernels compute pixels in pairs."""


@dataclass(frozen=True)
class Stage:
    """Ops `first` to `last - 1` of the graph, which compute a row of `columns` pixels together.

    Row y can be computed when rows up to `min(y * stride + reach, source_rows - 1)` of stage
    `source` are there; whatever else it reads is there then too.
    """

    first: int
    last: int
    rows: int
    columns: int
    chunk: int
    source: int
    source_rows: int
    stride: int
    reach: int

    def needed(self, rows: Rows) -> Rows:
        """The last row of the source that these rows need."""
        needed: Rows = np.clip(rows * self.stride + self.reach, 0, self.source_rows - 1)
        return needed


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

    def stage_of(self, op: int) -> int:
        return next(i for i, stage in enumerate(self.stages) if stage.first <= op < stage.last)


def is_streamable(graph: Graph, first: int, last: int) -> bool:
    """Whether ops `first` to `last - 1` can be one stream segment."""
    try:
        stream_of(graph, first, last, MIN_CHUNK)
    except InvalidInputError:
        return False
    return True


def stream_segment(graph: Graph, segment: Segment) -> Stream:
    """`stream_of` for a segment."""
    return stream_of(graph, segment.first, segment.last, segment.chunk, fed=segment.fed)


def stream_of(graph: Graph, first: int, last: int, chunk: int, *, fed: bool = False) -> Stream:
    """Stages, rings and overlap of a stream segment.

    Raises:
        InvalidInputError: an op in it cannot run row by row, something in it is read after it, or
            rows of two inputs of an op do not come in an order of their own.
    """
    _check(graph, first, last, fed)
    source = next(graph.activations_in(graph.ops[first])).name
    stages = _stages(graph, first, last, chunk, source)
    ahead = _Ahead(graph, stages, source)
    held = {
        name: ahead.held(i, name)
        for i, stage in enumerate(stages)
        for op in graph.ops[stage.first : stage.last]
        for name in op.outputs
    }
    out = graph.ops[last - 1].outputs[0]
    held[out] = Held(*graph.tensors[out].shape[1:3])
    if fed:
        held[source] = ahead.held(INPUT, source)
    return Stream(stages, held, source, out, None if fed else ahead.distance(source, out))


def _stages(
    graph: Graph, first: int, last: int, chunk: int, source: str
) -> tuple[Stage, ...]:
    """The ops cut into stages, each with the source that it has to wait for."""
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
    return tuple(
        _stage(graph, span, {source: INPUT, **{n: s for n, s in writer.items() if s < i}}, chunk)
        for i, span in enumerate(spans)
    )


def _follows(graph: Graph, before: Op, op: Op) -> bool:
    """Whether an op needs nothing but the pixel that the one before has just written, and pixels
    of the same place that have been there for longer."""
    if before.outputs[0] not in op.inputs:
        return False
    window = window_of(op)
    return window is None or (
        kernel_of(graph, op) is Kernel.POINTWISE and tuple(window.stride) == (1, 1)
    )


def _stage(graph: Graph, span: tuple[int, int], before: dict[str, int], chunk: int) -> Stage:
    first, last = span
    inside = {name for op in graph.ops[first:last] for name in op.outputs}
    reads = [
        (before[tensor.name], op, tensor.shape[1])
        for op in graph.ops[first:last]
        for tensor in graph.activations_in(op)
        if tensor.name not in inside and tensor.name in before
    ]
    if not reads:
        raise InvalidInputError(
            f"op {graph.ops[first].name}: reads nothing that comes row by row",
            field="segment",
            given=graph.ops[first].name,
            allowed="ops that follow from the segment's first",
        )
    source, op, source_rows = max(reads, key=lambda read: read[0])
    stride, before_rows, kernel = _rows_of(op)
    _, rows, columns, _ = graph.tensors[graph.ops[last - 1].outputs[0]].shape
    # A stage of one op writes straight to where its output is kept.
    width = columns if last - first == 1 else min(max(chunk, 1), columns)
    reach = kernel - 1 - before_rows
    return Stage(first, last, rows, columns, width, source, source_rows, stride, reach)


def _rows_of(op: Op) -> tuple[int, int, int]:
    """(stride, padding above, kernel) along the rows."""
    window = window_of(op)
    return (1, 0, 1) if window is None else (window.stride[0], window.padding[0], window.kernel[0])


class _Ahead:
    """How far each stage is while another one computes a row."""

    def __init__(self, graph: Graph, stages: tuple[Stage, ...], source: str) -> None:
        self.graph = graph
        self.stages = stages
        self.source = source

    def rows(self, stage: int) -> int:
        if stage == INPUT:
            return self.graph.tensors[self.source].shape[1]
        return self.stages[stage].rows

    def needed(self, stage: int, of: int) -> Rows | None:
        """For each row of `stage` the last row of stage `of` that must be there; None: not known."""
        rows: Rows = np.arange(self.rows(stage), dtype=np.int64)
        while stage > of:
            rows, stage = self.stages[stage].needed(rows), self.stages[stage].source
        return rows if stage == of else None

    def readers(self, name: str) -> list[tuple[int, Op]]:
        """(stage, op) of those that read a tensor."""
        return [
            (i, op)
            for i, stage in enumerate(self.stages)
            for op in self.graph.ops[stage.first : stage.last]
            if name in op.inputs
        ]

    def held(self, writer: int, name: str) -> Held:
        """How a tensor that stage `writer` writes has to be kept."""
        _, height, width, _ = self.graph.tensors[name].shape
        readers = self.readers(name)
        if all(stage == writer for stage, _ in readers):
            return Held(1, self.stages[writer].chunk, chunk=True)
        rows: Rows = np.arange(height, dtype=np.int64)
        lowest = rows.copy()
        for stage, op in readers:
            needed = self._checked(stage, writer, op, height)
            # While row r is written all rows of the stage that can do without it are done.
            done = np.searchsorted(needed, rows, side="left")
            lowest = np.minimum(lowest, self._first_read(op, done, stage, height))
        return Held(int((rows - lowest).max()) + 1, width)

    def _checked(self, stage: int, writer: int, op: Op, height: int) -> Rows:
        """The rows of `writer` that are there when `stage` runs; they hold what `op` reads."""
        needed = self.needed(stage, writer)
        stride, before, kernel = _rows_of(op)
        rows = np.arange(self.rows(stage), dtype=np.int64)
        reads = np.clip(rows * stride - before + kernel - 1, 0, height - 1)
        if needed is None or (reads > needed).any():
            raise InvalidInputError(
                f"op {op.name}: what it reads comes by two ways, neither of which leads the other",
                field="segment",
                given=op.name,
                allowed="inputs of which one is always there when the other is",
            )
        return needed

    def _first_read(self, op: Op, rows: Rows, stage: int, height: int) -> Rows:
        """The first input row that an op reads for its output `rows`; `height` past its last."""
        stride, before, _ = _rows_of(op)
        first: Rows = np.clip(rows * stride - before, 0, height)
        return np.where(rows < self.rows(stage), first, height)

    def distance(self, source: str, out: str) -> int | None:
        """How far above the output the whole input has to lie; see `tinynas.schedule.overlap`."""
        graph, last = self.graph, len(self.stages) - 1
        x, y = graph.tensors[source], graph.tensors[out]
        row_bytes = [tensor.bytes // tensor.shape[1] for tensor in (x, y)]
        written = (np.arange(y.shape[1]) + 1) * row_bytes[1]
        least = -x.bytes
        for stage, op in self.readers(source):
            if stage == last:
                reads = reads_of(graph, op)
                if reads is None:
                    return None
                if op.outputs[0] != out:  # all of a chunk is read before any of the output's is
                    reads = replace(reads, order=Overlap.PIXEL)
                least = max(least, overlap_distance(reads, whole(x), whole(y)))
                continue
            progress = self.needed(last, stage)
            if progress is None:
                return None
            first = self._first_read(op, progress + 1, stage, x.shape[1])
            apart = (written - first * row_bytes[0])[first < x.shape[1]]
            least = int(apart.max(initial=least))
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
    if fed and (first > 0 or read != set(graph.inputs)):
        raise InvalidInputError(
            "rows can be fed to a first segment alone, and the network's only input to it alone",
            field="input",
            given="rows",
            allowed="held",
        )
