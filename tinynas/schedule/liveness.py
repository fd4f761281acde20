"""Which buffers the segments of a schedule need, and from which op to which each is live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tinynas.graph.ir import Graph, Op, Tensor
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.kernels import scratch_bytes, scratch_name
from tinynas.schedule.overlap import View, layer_distance, overlap_distance, reads_of
from tinynas.schedule.packing import Item, Packing, Problem
from tinynas.schedule.stream import Stream, stream_segment
from tinynas.schedule.windows import TileWindow, tile_windows
from tinynas.schedule.workspace import Need, Workspace, workspace_of


@dataclass(frozen=True)
class Needs:
    """Buffers, and for (input, output) pairs that may overlap the least distance between them.

    What a stream segment needs beside its input and output is packed into one workspace, and the
    segment is one step for it: its ops take turns, so all that outlives a turn is there all the
    time.  `inner` says where in its workspace (by number) a buffer lies.
    """

    buffers: tuple[Need, ...]
    distances: dict[tuple[str, str], int]
    workspaces: tuple[Workspace, ...] = ()

    def problem(self) -> Problem:
        """The same as a packing problem: `outer` buffers in their order, then the workspaces."""
        index = {need.name: i for i, need in enumerate(self.outer)}
        relations = {(index[a], index[b]): d for (a, b), d in self.distances.items()}
        needs: list[Need | Workspace] = [*self.outer, *self.workspaces]
        items = (Item(n.bytes, self._step(n.first), self._step(n.last)) for n in needs)
        return Problem(tuple(items), relations)

    @cached_property
    def outer(self) -> tuple[Need, ...]:
        """Buffers that lie in no workspace."""
        return tuple(n for n in self.buffers if all(n.name not in w.inner for w in self.workspaces))

    @property
    def lower_bound(self) -> int:
        """Bytes that no placement of the buffers can do with."""
        problem = self.problem()
        bounds = [item.bytes for item in problem.items[: len(self.outer)]]
        bounds += [w.lower_bound for w in self.workspaces]
        items = tuple(replace(i, bytes=b) for i, b in zip(problem.items, bounds, strict=True))
        return Problem(items, problem.relations).lower_bound

    def offsets(self, packing: Packing) -> tuple[int, ...]:
        """Where each of `buffers` lies, from a packing of the `problem`."""
        at = dict(zip((n.name for n in self.outer), packing.offsets, strict=False))
        bases = packing.offsets[len(self.outer) :]
        for workspace, base in zip(self.workspaces, bases, strict=True):
            at |= {name: base + offset for name, offset in workspace.inner.items()}
        return tuple(at[n.name] for n in self.buffers)

    def _step(self, op: int) -> int:
        """Ops of a stream segment are one step."""
        inside = [min(op, w.last) - w.first for w in self.workspaces if op >= w.first]
        return op - sum(inside)


def needs_of(graph: Graph, segments: Sequence[Segment]) -> Needs:
    """What `segments`, which cover the ops of `graph`, ask of the arena.

    A patch segment re-reads its input and adds to its output for every tile, so both live as long
    as the segment does; what lies between is there as its largest tile.  A stream segment's input
    and output live as long, but its output may be written where its input has been read.
    """
    windows = {s: tile_windows(graph, s) for s in segments if s.kind is SegmentKind.PATCH}
    streams = {s: stream_segment(graph, s) for s in segments if s.kind is SegmentKind.STREAM}
    needs = {name: _of_tensor(graph, name, windows) for name in _activations(graph)}
    for segment, stream in streams.items():
        needs |= {n.name: n for n in _streamed(graph, segment, stream, needs)}
    distances: dict[tuple[str, str], int] = {}
    for segment in segments:
        if segment in streams:
            distances |= _stream_distance(graph, segment, streams[segment])
            continue
        for position in range(segment.first, segment.last):
            op = graph.ops[position]
            for source in graph.activations_in(op):
                out = needs[op.outputs[0]]
                if needs[source.name].last != position or out.first != position:
                    continue
                if source.name in graph.outputs:
                    continue  # It is read once more: by whoever runs the network.
                distance = (
                    _tile_distance(segment, windows[segment], op, source, needs, graph)
                    if segment in windows
                    else layer_distance(graph, op, source)
                )
                if distance is not None:
                    distances[source.name, out.name] = distance
    buffers = (*needs.values(), *_scratch(graph))
    workspaces = tuple(workspace_of(s, streams[s], buffers) for s in streams)
    return Needs(buffers, distances, workspaces)


def stream_needs(graph: Graph, segment: Segment) -> tuple[Stream, Workspace]:
    """A stream segment by itself: worked out, and the workspace that it needs."""
    stream = stream_segment(graph, segment)
    ops = graph.ops[segment.first : segment.last]
    names = [stream.source, *(name for op in ops for name in op.outputs)]
    needs = {
        name: Need(name, graph.tensors[name].bytes, *_life(graph, name), name) for name in names
    }
    needs |= {n.name: n for n in _streamed(graph, segment, stream, needs) if n.name in names}
    buffers = (*needs.values(), *_scratch(graph))
    return stream, workspace_of(segment, stream, buffers)


def _activations(graph: Graph) -> Iterator[str]:
    """Non-constant tensors in the order in which they are written."""
    yield from graph.inputs
    for op in graph.ops:
        yield from op.outputs


def _scratch(graph: Graph) -> Iterator[Need]:
    """What kernels need beside their input and output while they run."""
    for position, op in enumerate(graph.ops):
        size = scratch_bytes(graph, op)
        if size:
            yield Need(scratch_name(op), size, position, position, None, 0, 0)


def _life(graph: Graph, name: str) -> tuple[int, int]:
    """First and last op during which a tensor must be there, segments apart."""
    first = next((i for i, op in enumerate(graph.ops) if name in op.outputs), 0)
    last = max((i for i, op in enumerate(graph.ops) if name in op.inputs), default=first)
    return first, len(graph.ops) - 1 if name in graph.outputs else last


def _of_tensor(
    graph: Graph,
    name: str,
    windows: dict[Segment, tuple[tuple[TileWindow, ...], ...]],
) -> Need:
    tensor = graph.tensors[name]
    first, last = _life(graph, name)
    rows, columns = (tensor.shape[1], tensor.shape[2]) if len(tensor.shape) == 4 else (1, 1)
    size = tensor.bytes
    for segment, tiles in windows.items():
        inside = segment.first <= first and name not in graph.inputs
        if inside and first < segment.last - 1:
            index = first - segment.first
            rows = max(tile[index].rows for tile in tiles)
            columns = max(tile[index].columns for tile in tiles)
            size = rows * columns * tensor.shape[-1] * tensor.dtype.bytes
        elif inside and first == segment.last - 1:
            first = segment.first
        elif segment.first <= last < segment.last:
            last = segment.last - 1
    return Need(name, size, first, last, name, rows, columns)


def _streamed(
    graph: Graph, segment: Segment, stream: Stream, needs: dict[str, Need]
) -> Iterator[Need]:
    """The buffers of the tensors that a stream segment reads or writes.

    A chunk is there from the op that writes it to the last that reads it, while these take turns;
    all else as long as the segment.
    """
    end = segment.last - 1
    out = graph.ops[end].outputs[0]
    for name, held in stream.held.items():
        tensor = graph.tensors[name]
        size = held.rows * held.columns * tensor.shape[-1] * tensor.dtype.bytes
        need = replace(needs[name], bytes=size, rows=held.rows, columns=held.columns)
        if name == out:
            yield replace(need, first=segment.first)
        else:
            yield need if held.chunk else replace(need, first=segment.first, last=end)
    read = {
        t.name for op in graph.ops[segment.first : segment.last] for t in graph.activations_in(op)
    }
    for name in sorted((read & needs.keys()) - stream.held.keys()):
        yield replace(needs[name], last=max(needs[name].last, end))


def _stream_distance(graph: Graph, segment: Segment, stream: Stream) -> dict[tuple[str, str], int]:
    """How a stream segment's output may overlap its input, which nobody reads any more after it."""
    if stream.distance is None or _life(graph, stream.source)[1] >= segment.last:
        return {}
    return {(stream.source, graph.ops[segment.last - 1].outputs[0]): stream.distance}


def _tile_distance(
    segment: Segment,
    tiles: tuple[tuple[TileWindow, ...], ...],
    op: Op,
    source: Tensor,
    needs: dict[str, Need],
    graph: Graph,
) -> int | None:
    """The distance that serves every tile; both are tiles, as neither outlives the op's turn."""
    reads = reads_of(graph, op)
    index = {o.outputs[0]: i for i, o in enumerate(graph.ops[segment.first : segment.last])}
    if reads is None or source.name not in index:
        return None
    channels = graph.tensors[op.outputs[0]].shape[-1]
    return max(
        overlap_distance(
            reads,
            View(tile[index[source.name]], needs[source.name].columns, source.shape[-1]),
            View(tile[index[op.outputs[0]]], needs[op.outputs[0]].columns, channels),
        )
        for tile in tiles
    )
