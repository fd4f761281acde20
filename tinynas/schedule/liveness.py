"""Which buffers the segments of a schedule need, and from which op to which each is live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinynas.graph.ir import Graph, Op, Tensor
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.kernels import scratch_bytes, scratch_name
from tinynas.schedule.overlap import View, layer_distance, overlap_distance, reads_of
from tinynas.schedule.packing import Item, Problem
from tinynas.schedule.windows import TileWindow, tile_windows


@dataclass(frozen=True)
class Need:
    """A buffer without a place yet; the fields are those of `Buffer`."""

    name: str
    bytes: int
    first: int
    last: int
    tensor: str | None = None
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Needs:
    """Buffers, and for (input, output) pairs that may overlap the least distance between them."""

    buffers: tuple[Need, ...]
    distances: dict[tuple[str, str], int]

    def problem(self) -> Problem:
        """The same as a packing problem, items in the order of `buffers`."""
        index = {need.name: i for i, need in enumerate(self.buffers)}
        relations = {(index[a], index[b]): d for (a, b), d in self.distances.items()}
        return Problem(tuple(Item(n.bytes, n.first, n.last) for n in self.buffers), relations)


def needs_of(graph: Graph, segments: Sequence[Segment]) -> Needs:
    """What `segments`, which cover the ops of `graph`, ask of the arena.

    A patch segment re-reads its input and adds to its output for every tile, so both live as long
    as the segment does; what lies between is there as its largest tile.
    """
    windows = {s: tile_windows(graph, s) for s in segments if s.kind is SegmentKind.PATCH}
    needs = {name: _of_tensor(graph, name, windows) for name in _activations(graph)}
    distances: dict[tuple[str, str], int] = {}
    for segment in segments:
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
    return Needs((*needs.values(), *_scratch(graph)), distances)


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
