"""A slow oracle: runs a schedule in one byte array, pixel by pixel, as hostile as it may be.

The arithmetic is sums modulo 256 instead of LiteRT's: what is on trial is where bytes lie and which
windows are read, not rounding.  Before every op all bytes that no live buffer owns are filled with
noise, and while a kernel runs so is its scratch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Add, Conv2D, DepthwiseConv2D, FullyConnected, Graph, Mean, Op, Window
from tinynas.schedule import Schedule, Segment, SegmentKind, TileWindow, tile_windows
from tinynas.schedule.kernels import Overlap, kernel_of, overlap_of
from tinynas.schedule.stream import Stream, stream_segment
from tinynas.schedule.windows import window_of


def run_by_layer(graph: Graph, values: dict[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The network's output, every tensor in an array of its own."""
    held = dict(values)
    for op in graph.ops:
        shape = _hwc(graph, op.outputs[0])
        whole = TileWindow(0, shape[0], 0, shape[1])
        sources = [held[t.name] for t in graph.activations_in(op)]
        out = np.zeros(shape, np.uint8)
        for y in range(shape[0]):
            for x in range(shape[1]):
                out[y, x] = _pixel(graph, op, sources, [whole] * len(sources), y, x)
        held[op.outputs[0]] = out
    return held[graph.outputs[0]]


def run_in_arena(
    graph: Graph, schedule: Schedule, values: dict[str, NDArray[np.uint8]], seed: int = 0
) -> NDArray[np.uint8]:
    """The network's output, computed in `schedule.arena_bytes` bytes and nothing else."""
    run = _ArenaRun(graph, schedule, np.random.default_rng(seed), values)
    for name, value in values.items():
        if not schedule.fed_by_rows:
            run.view(name, None)[:] = value
    for segment in schedule.segments:
        run.segment(segment)
    return run.view(graph.outputs[0], None).copy()


class _ArenaRun:
    def __init__(
        self,
        graph: Graph,
        schedule: Schedule,
        rng: np.random.Generator,
        values: dict[str, NDArray[np.uint8]],
    ) -> None:
        self.graph = graph
        self.schedule = schedule
        self.rng = rng
        self.values = values
        self.arena = rng.integers(0, 256, schedule.arena_bytes, dtype=np.uint8)

    def view(self, name: str, window: TileWindow | None) -> NDArray[np.uint8]:
        """The bytes of a tensor, or of a tile of it, in the arena."""
        buffer = self.schedule.buffer_of(name)
        channels = _hwc(self.graph, name)[2]
        held = self.arena[buffer.offset : buffer.end]
        pixels = held.reshape(buffer.rows, buffer.columns, channels)
        return pixels if window is None else pixels[: window.rows, : window.columns]

    def segment(self, segment: Segment) -> None:
        ops = self.graph.ops[segment.first : segment.last]
        inner = {op.outputs[0]: i for i, op in enumerate(ops[:-1])}
        if segment.kind is SegmentKind.LAYER:
            for position, op in enumerate(ops, start=segment.first):
                height, width, _ = _hwc(self.graph, op.outputs[0])
                self.op(position, op, TileWindow(0, height, 0, width), {})
            return
        if segment.kind is SegmentKind.STREAM:
            _StreamRun(self, segment, stream_segment(self.graph, segment)).run()
            return
        for windows in tile_windows(self.graph, segment):
            places = {name: windows[i] for name, i in inner.items()}
            for index, op in enumerate(ops):
                self.op(segment.first + index, op, windows[index], places)

    def op(self, position: int, op: Op, out: TileWindow, places: dict[str, TileWindow]) -> None:
        self.spoil_the_dead(position)
        names = [t.name for t in self.graph.activations_in(op)]
        sources = [self.view(n, places.get(n)) for n in names]
        windows = [
            places.get(n, TileWindow(0, *s.shape[:1], 0, s.shape[1]))
            for n, s in zip(names, sources, strict=True)
        ]
        name = op.outputs[0]
        target = self.view(name, places.get(name))
        y0, x0 = (out.y0, out.x0) if name in places else (0, 0)
        by_channel = overlap_of(kernel_of(self.graph, op)) is Overlap.ELEMENT
        for y in range(out.y0, out.y1):
            for x in range(out.x0, out.x1):
                self.spoil_scratch(op)
                for c in range(target.shape[2]) if by_channel else (None,):
                    value = _pixel(self.graph, op, sources, windows, y, x)
                    at = slice(None) if c is None else c
                    target[y - y0, x - x0, at] = value[at]

    def spoil_the_dead(self, position: int) -> None:
        dead = np.ones(len(self.arena), bool)
        for buffer in self.schedule.buffers:
            if buffer.first <= position <= buffer.last:
                dead[buffer.offset : buffer.end] = False
        self.arena[dead] = self.rng.integers(0, 256, int(dead.sum()), dtype=np.uint8)

    def spoil_scratch(self, op: Op) -> None:
        for buffer in self.schedule.buffers:
            if buffer.name == f"{op.name}.scratch":
                self.arena[buffer.offset : buffer.end] ^= 0x5A


class _StreamRun:
    """A stream segment by its definition: the last stage whose inputs are all there runs.

    When a row can run is worked out from the ops alone, not from what the planner says about it.
    """

    def __init__(self, arena: _ArenaRun, segment: Segment, stream: Stream) -> None:
        self.arena = arena
        self.graph = arena.graph
        self.segment = segment
        self.stream = stream
        self.done = [0] * len(stream.stages)
        self.there: dict[str, int] = {}

    def run(self) -> None:
        source = self.stream.source
        height = _hwc(self.graph, source)[0]
        for row in range(height):
            if self.segment.fed:
                self.arena.spoil_the_dead(self.segment.first)
                ring = self.arena.view(source, None)
                ring[row % len(ring)] = self.arena.values[source][row]
            self.there[source] = row + 1
            while (stage := self.ready()) is not None:
                self.row(stage)
        assert self.done == [stage.rows for stage in self.stream.stages]

    def ready(self) -> int | None:
        """The last stage that can compute its next row."""
        stages = self.stream.stages
        able = (i for i in reversed(range(len(stages))) if self.done[i] < stages[i].rows)
        return next((i for i in able if self.can_run(i)), None)

    def can_run(self, number: int) -> bool:
        stage, y = self.stream.stages[number], self.done[number]
        ops = self.graph.ops[stage.first : stage.last]
        inside = {op.outputs[0] for op in ops}
        written = {op.outputs[0] for op in self.graph.ops[self.segment.first : self.segment.last]}
        for op in ops:
            for tensor in self.graph.activations_in(op):
                if tensor.name in inside:
                    continue
                if tensor.name not in written | {self.stream.source}:
                    continue  # whole since before the segment
                rows = _rows_read(op, y, tensor.shape[1])
                if rows and self.there.get(tensor.name, 0) <= rows[-1]:
                    return False
        return True

    def row(self, number: int) -> None:
        stage, y = self.stream.stages[number], self.done[number]
        for x in range(0, stage.columns, stage.chunk):
            out = TileWindow(y, y + 1, x, min(x + stage.chunk, stage.columns))
            for position in range(stage.first, stage.last):
                self.arena.spoil_the_dead(position)
                self.chunk(self.graph.ops[position], out)
        self.done[number] += 1
        for op in self.graph.ops[stage.first : stage.last]:
            self.there[op.outputs[0]] = y + 1

    def chunk(self, op: Op, out: TileWindow) -> None:
        """One row of some columns.  Of a ring the rows that the op needs are read, in order."""
        sources, windows = [], []
        for tensor in self.graph.activations_in(op):
            view = self.arena.view(tensor.name, None)
            if self.is_chunk(tensor.name):
                sources.append(view[:, : out.columns])
                windows.append(out)
                continue
            height, width, _ = _hwc(self.graph, tensor.name)
            rows = _rows_read(op, out.y0, height)
            assert len(rows) <= len(view)
            sources.append(_Ring(view))
            windows.append(TileWindow(0, height, 0, width))
        target = self.arena.view(op.outputs[0], None)
        shift = out.x0 if self.is_chunk(op.outputs[0]) else 0
        by_channel = overlap_of(kernel_of(self.graph, op)) is Overlap.ELEMENT
        for x in range(out.x0, out.x1):
            self.arena.spoil_scratch(op)
            for c in range(target.shape[2]) if by_channel else (slice(None),):
                value = _pixel(self.graph, op, sources, windows, out.y0, x)
                target[out.y0 % len(target), x - shift, c] = value[c]

    def is_chunk(self, name: str) -> bool:
        return name in self.stream.held and self.stream.held[name].chunk


class _Ring:
    """Rows `y mod ring` of an array [ring, columns, channels], indexed as if all were there."""

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        self.rows = rows
        self.shape = (1 << 30, *rows.shape[1:])

    def __getitem__(self, at: tuple[slice | int, slice | int]) -> NDArray[np.uint8]:
        rows, columns = at
        if isinstance(rows, slice):
            index = np.arange(rows.start, rows.stop) % len(self.rows)
            return self.rows[index][:, columns]
        return self.rows[rows % len(self.rows), columns]


def _rows_read(op: Op, y: int, height: int) -> range:
    """Rows of an input of `height` rows that an op reads for its output row y."""
    window = window_of(op)
    if window is None:
        return range(y, y + 1)
    first = y * window.stride[0] - window.padding[0]
    return range(max(first, 0), min(first + window.kernel[0], height))


def _hwc(graph: Graph, name: str) -> tuple[int, int, int]:
    shape = graph.tensors[name].shape
    return (shape[1], shape[2], shape[3]) if len(shape) == 4 else (1, 1, shape[-1])


def _constant(graph: Graph, name: str) -> NDArray[np.int64]:
    data = graph.tensors[name].data
    assert data is not None
    return data.astype(np.int64)


def _pixel(
    graph: Graph,
    op: Op,
    sources: Sequence[NDArray[np.uint8] | _Ring],
    windows: list[TileWindow],
    y: int,
    x: int,
) -> NDArray[np.uint8]:
    """All channels of output pixel (y, x), from the parts of the inputs that are there."""
    match op.attributes:
        case Add():
            parts = [
                source[y - window.y0, x - window.x0].astype(np.int64)
                for source, window in zip(sources, windows, strict=True)
            ]
            total = 3 * parts[0] + 5 * parts[1]
        case Mean():
            total = sources[0].astype(np.int64).sum((0, 1))
        case FullyConnected():
            weights, bias = (_constant(graph, n) for n in op.inputs[1:])
            total = weights @ sources[0].reshape(-1).astype(np.int64) + bias
        case Conv2D(window=w) | DepthwiseConv2D(window=w):
            weights, bias = (_constant(graph, n) for n in op.inputs[1:])
            size = _hwc(graph, op.inputs[0])[:2]
            patch, taps = _window(sources[0], windows[0], w, size, y, x)
            if isinstance(op.attributes, Conv2D):
                total = np.einsum("ohwc,hwc->o", weights[:, taps[0], taps[1]], patch) + bias
            else:
                patch = np.repeat(patch, op.attributes.multiplier, axis=2)
                total = (weights[0, taps[0], taps[1]] * patch).sum((0, 1)) + bias
        case _:
            raise AssertionError(op.kind)
    return (total % 256).astype(np.uint8)


def _window(
    source: NDArray[np.uint8] | _Ring,
    held: TileWindow,
    window: Window,
    size: tuple[int, ...],
    y: int,
    x: int,
) -> tuple[NDArray[np.int64], tuple[slice, slice]]:
    """The input under the window, without padding, and the kernel's taps that lie on it."""
    first = (y * window.stride[0] - window.padding[0], x * window.stride[1] - window.padding[2])
    reads, taps = [], []
    for axis, origin in ((0, held.y0), (1, held.x0)):
        low = max(first[axis], 0)
        high = max(min(first[axis] + window.kernel[axis], size[axis]), low)
        assert low >= origin or low == high
        assert high - origin <= source.shape[axis] or low == high
        reads.append(slice(low - origin, high - origin) if high > low else slice(0, 0))
        taps.append(slice(low - first[axis], high - first[axis]))
    return source[reads[0], reads[1]].astype(np.int64), (taps[0], taps[1])
