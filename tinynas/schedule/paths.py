"""Schedules as paths: from cut to cut, each edge a segment, each with its memory and its work.

Between two *cuts* nothing but one tensor is alive, so a segment's memory depends on it alone but
for where its ends come to lie, which packing decides afterwards: an edge's `bytes` is what no
packing can do with, and packing hardly ever needs more.  The memory of a path is that of its
largest edge, its work the sum.  So the cheapest schedule within a budget is a shortest path over
the edges that fit, and the front of memory against recomputation is a series of them, each below
the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Segment, SegmentKind
from tinynas.schedule.liveness import needs_of, stream_needs
from tinynas.schedule.packing import align
from tinynas.schedule.stream import MIN_CHUNK, can_be_fed, is_streamable
from tinynas.schedule.windows import patch_points, recomputed_macs

MAX_GRID = 4
"""Largest number of patches along a side that the planner considers (MCUNetV2, section 3.2)."""


@dataclass(frozen=True)
class Edge:
    """A segment, the bytes that no packing of it can do with, and its work.

    `calls` of kernels: what a segment costs beside its multiply-accumulates.
    """

    segment: Segment
    bytes: int
    recomputed_macs: int
    calls: int


Path = tuple[Edge, ...]


class Edges:
    """All segments of a graph that may be part of a schedule.

    `kinds` are those of the planner; `fed`: the first segment takes the input row by row.
    """

    def __init__(self, graph: Graph, kinds: str, *, fed: bool = False) -> None:
        self.graph = graph
        self.kinds = kinds
        self.fed = fed
        self.cuts = (0, *useful(graph, cut_points(graph)))

    def path(self, limit: int | None, *, least_memory: bool = False) -> Path | None:
        """The path of the least work over edges of at most `limit` bytes, None if there is none.

        Work is recomputation, then calls; or recomputation, then the memory of the path.
        """
        best: dict[int, tuple[tuple[int, int, int], Path]] = {0: ((0, 0, 0), ())}
        for cut in self.cuts[1:]:
            for edge in self._into.get(cut, ()):
                before = best.get(edge.segment.first)
                if before is None or (limit is not None and edge.bytes > limit):
                    continue
                (macs, largest, rest), path = before
                # Of equal paths one whose other edges are small, too, is packed the more easily.
                largest = max(largest, edge.bytes) if least_memory else largest + edge.calls
                work = (macs + edge.recomputed_macs, largest, rest + edge.bytes)
                if cut not in best or work < best[cut][0]:
                    best[cut] = (work, (*path, edge))
        found = best.get(len(self.graph.ops))
        return found[1] if found else None

    def front(self) -> Iterator[Path]:
        """Paths of less and less memory: each recomputes least of those below the one before."""
        path = self.path(None, least_memory=True)
        while path is not None:
            yield path
            path = self.path(max(edge.bytes for edge in path) - 1, least_memory=True)

    @cached_property
    def _into(self) -> dict[int, list[Edge]]:
        """Edges by where they end."""
        into: dict[int, list[Edge]] = {}
        for edge in self._all():
            into.setdefault(edge.segment.last, []).append(edge)
        return into

    def _all(self) -> Iterator[Edge]:
        if not self.fed:
            yield from self._patches() if self.kinds in ("all", "patch") else ()
            yield from self._layers(self.cuts)
        else:
            yield from self._layers(self.cuts[1:])
        yield from self._streams() if self.kinds in ("all", "stream") else ()

    def _layers(self, cuts: Sequence[int]) -> Iterator[Edge]:
        problem = needs_of(
            self.graph, [Segment(SegmentKind.LAYER, 0, len(self.graph.ops))]
        ).problem()
        for first, last in pairwise(cuts):
            size = max(problem.live_bytes(step) for step in range(first, last))
            yield Edge(Segment(SegmentKind.LAYER, first, last), size, 0, last - first)

    def _patches(self) -> Iterator[Edge]:
        points = set(patch_points(self.graph))
        for last in self.cuts:
            if last not in points:
                continue
            _, height, width, _ = self.graph.tensors[self.graph.ops[last - 1].outputs[0]].shape
            for rows in range(1, min(MAX_GRID, height) + 1):
                for columns in range(1, min(MAX_GRID, width) + 1):
                    if rows * columns > 1:
                        yield self._patch(last, (rows, columns))

    def _patch(self, last: int, grid: tuple[int, int]) -> Edge:
        head = Segment(SegmentKind.PATCH, 0, last, grid)
        tail = Segment(SegmentKind.LAYER, last, len(self.graph.ops))
        problem = needs_of(
            self.graph, [head, tail] if last < len(self.graph.ops) else [head]
        ).problem()
        size = max(problem.live_bytes(step) for step in range(last))
        return Edge(head, size, recomputed_macs(self.graph, head), last * grid[0] * grid[1])

    def _streams(self) -> Iterator[Edge]:
        for i, first in enumerate(self.cuts):
            for last in self.cuts[i + 1 :]:
                if not is_streamable(self.graph, first, last):
                    break
                fed = self.fed and first == 0
                if can_be_fed(self.graph, last) if fed else last - first > 1:
                    segment = Segment(SegmentKind.STREAM, first, last, chunk=MIN_CHUNK, fed=fed)
                    yield _stream_edge(self.graph, segment)


def segments_of(path: Path) -> list[Segment]:
    """The segments of a path, neighbouring layer segments joined."""
    joined: list[Segment] = []
    for edge in path:
        segment = edge.segment
        if joined and joined[-1].kind is segment.kind is SegmentKind.LAYER:
            joined[-1] = replace(joined[-1], last=segment.last)
        else:
            joined.append(segment)
    return joined


def cut_points(graph: Graph) -> list[int]:
    """All n > 0 where nothing but what op n - 1 writes is read by ops from n on; and the end."""
    read_last: dict[str, int] = {}
    for position, op in enumerate(graph.ops):
        read_last |= {tensor.name: position for tensor in graph.activations_in(op)}
    points = []
    alive = {name for name in graph.inputs if name in read_last}
    for n, op in enumerate(graph.ops, start=1):
        alive |= {name for name in op.outputs if name in read_last}
        alive -= {name for name in alive if read_last[name] < n}
        if alive == set(op.outputs):
            points.append(n)
    count = len(graph.ops)
    return points if points and points[-1] == count else [*points, count]


def worthwhile(graph: Graph, points: Sequence[int]) -> tuple[int, ...]:
    """The cuts whose tensor the next cut does not shrink.

    An expanded or a filtered tensor is no place to cut: before the expansion, or behind the
    projection, less is held whole.
    """
    sizes = [graph.tensors[graph.ops[n - 1].outputs[0]].bytes for n in points]
    kept: list[int] = []
    following, keep = -1, True
    for n, size in zip(reversed(points), reversed(sizes), strict=True):
        keep = keep if size == following else size < following or following < 0
        following = size
        kept += [n] if keep else []
    return tuple(reversed(kept))


def useful(graph: Graph, points: Sequence[int]) -> tuple[int, ...]:
    """The worthwhile cuts, and those whose tensor is no larger than any cut's before it: networks
    that only ever shrink have places to cut, too."""
    kept = set(worthwhile(graph, points))
    least: int | None = None
    for n in points:
        size = graph.tensors[graph.ops[n - 1].outputs[0]].bytes
        if least is None or size <= least:
            kept.add(n)
            least = size
    return tuple(sorted(kept))


def _stream_edge(graph: Graph, segment: Segment) -> Edge:
    """An edge of a stream segment; its input and output overlap as far as they may."""
    stream, workspace = stream_needs(graph, segment)
    x, y = graph.tensors[stream.source], graph.tensors[stream.out]
    ends = align(y.bytes)
    if not segment.fed:
        ends += align(x.bytes)
        if stream.distance is not None:
            ends = max(align(y.bytes), align(x.bytes) + max(align(stream.distance), 0))
    calls = sum(
        stage.rows * -(-stage.columns // stage.chunk) * (stage.last - stage.first)
        for stage in stream.stages
    )
    return Edge(segment, ends + workspace.lower_bound, 0, calls)
