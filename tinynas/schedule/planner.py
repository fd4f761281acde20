"""Schedules of a graph: layer by layer, in patches, in streams, or a mixture, in small arenas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Buffer, Schedule, Segment, SegmentKind
from tinynas.schedule.liveness import needs_of
from tinynas.schedule.packing import Packer
from tinynas.schedule.paths import MAX_GRID, Edges, segments_of, worthwhile
from tinynas.schedule.stream import MIN_CHUNK, is_streamable
from tinynas.schedule.twoended import TwoEndedPacker
from tinynas.schedule.windows import patch_points, recomputed_macs

KINDS = ("all", "layer", "patch", "stream")
"""Which segments the planner considers beside those that run layer by layer."""

_ATTEMPTS = 8
"""How often a packing that exceeds its path's bytes makes the planner look for a smaller path."""


def plan_segments(
    graph: Graph, segments: Sequence[Segment], *, packer: Packer | None = None
) -> Schedule:
    """The schedule that executes `graph` in these segments.

    Raises:
        InvalidInputError: they do not cover the ops in order, or one of them is impossible.
    """
    _check_cover(graph, segments)
    needs = needs_of(graph, segments)
    problem = needs.problem()
    packing = (packer or TwoEndedPacker()).pack(problem)
    buffers = tuple(
        Buffer(n.name, n.bytes, n.first, n.last, offset, n.tensor, n.rows, n.columns)
        for n, offset in zip(needs.buffers, needs.offsets(packing), strict=True)
    )
    return Schedule(
        tuple(segments),
        buffers,
        packing.arena_bytes,
        sum(recomputed_macs(graph, s) for s in segments),
        needs.lower_bound,
    )


def plan_layer(graph: Graph) -> Schedule:
    """Every op over its whole output, in one arena, outputs over inputs where that is safe."""
    return plan_segments(graph, [Segment(SegmentKind.LAYER, 0, len(graph.ops))])


def plan_patch(graph: Graph, ops: int, grid: tuple[int, int]) -> Schedule:
    """The first `ops` ops patch by patch over a `grid` (rows, columns) of tiles, then by layer.

    Raises:
        InvalidInputError: the network cannot be cut there, or the grid is finer than the output.
    """
    return plan_segments(graph, patch_segments(graph, ops, grid))


def patch_segments(graph: Graph, ops: int, grid: tuple[int, int]) -> list[Segment]:
    """The segments of `plan_patch`."""
    if ops not in patch_points(graph):
        raise InvalidInputError(
            f"the first {ops} ops of {graph.name} cannot run patch by patch",
            field="ops",
            given=ops,
            allowed=list(patch_points(graph)),
        )
    head = [Segment(SegmentKind.PATCH, 0, ops, grid)]
    tail = [Segment(SegmentKind.LAYER, ops, len(graph.ops))]
    return head + tail if ops < len(graph.ops) else head


def check_kinds(kinds: str) -> None:
    """Raises:
    InvalidInputError: `kinds` is not one of `KINDS`.
    """
    if kinds not in KINDS:
        raise InvalidInputError(
            f"schedules: {kinds!r} is not known; allowed are {', '.join(KINDS)}",
            field="schedules",
            given=kinds,
            allowed=list(KINDS),
        )


def candidate_segments(graph: Graph, kinds: str = "all") -> Iterator[list[Segment]]:
    """The schedules of three simple families, of which batched costs know the closed form.

    layer: layer by layer.  stream: the ops up to a cut as one stream, what is behind each later cut
    as its own, and layer by layer from where that ends.  patch: every worthwhile patch point with
    every grid up to `MAX_GRID`, then layer by layer.  `kinds` names one, or `all`.

    Raises:
        InvalidInputError: `kinds` is none of these.
    """
    check_kinds(kinds)
    if kinds in ("all", "layer"):
        yield [Segment(SegmentKind.LAYER, 0, len(graph.ops))]
    if kinds in ("all", "stream"):
        yield from _stream_candidates(graph)
    for ops in worthwhile_points(graph) if kinds in ("all", "patch") else ():
        _, height, width, _ = graph.tensors[graph.ops[ops - 1].outputs[0]].shape
        for rows in range(1, min(MAX_GRID, height) + 1):
            for columns in range(1, min(MAX_GRID, width) + 1):
                if rows * columns > 1:
                    yield patch_segments(graph, ops, (rows, columns))


def _stream_candidates(graph: Graph) -> Iterator[list[Segment]]:
    points = worthwhile_points(graph)
    for n, first in enumerate(points):
        edges = [0, first]
        if not is_streamable(graph, 0, first):
            return
        for last in points[n + 1 :]:
            if last - edges[-1] > 1 and is_streamable(graph, edges[-1], last):
                edges.append(last)
        segments = [Segment(SegmentKind.STREAM, a, b, chunk=MIN_CHUNK) for a, b in pairwise(edges)]
        if edges[-1] < len(graph.ops):
            segments.append(Segment(SegmentKind.LAYER, edges[-1], len(graph.ops)))
        yield segments


def worthwhile_points(graph: Graph) -> tuple[int, ...]:
    """The patch points whose output the next op does not shrink; see `worthwhile`."""
    return worthwhile(graph, patch_points(graph))


def schedules_for(graph: Graph, kinds: str = "all") -> list[Schedule]:
    """All candidates of `kinds`, planned; least recomputation first, then the smaller arena."""
    planned = [plan_segments(graph, segments) for segments in candidate_segments(graph, kinds)]
    return sorted(planned, key=lambda s: (s.recomputed_macs, s.arena_bytes))


def plan(graph: Graph, *, arena_bytes: int, kinds: str = "all", fed: bool = False) -> Schedule:
    """The cheapest schedule within `arena_bytes`: the least recomputation, then the fewest calls.

    It may be a mixture: patches in front, streams and layers in any order; `kinds` says which
    segments beside layers.  `fed`: the input comes row by row, so it begins with a stream.

    Raises:
        InvalidInputError: `kinds` is not known, or no schedule of them can be fed by rows.
        InfeasibleBudgetError: none fits; says the smallest arena of all.
    """
    # What recomputes nothing is the cheapest, and quickly found.
    for considered in ("stream", "all") if kinds == "all" else (kinds,):
        schedule = _within(graph, _edges(graph, considered, fed), arena_bytes)
        if schedule is not None:
            return schedule
    least = front(graph, kinds=kinds, fed=fed)[-1]
    if least.arena_bytes <= arena_bytes:
        return least
    raise InfeasibleBudgetError(
        f"{graph.name}: no schedule fits an arena of {arena_bytes} bytes; "
        f"the smallest needs {least.arena_bytes}",
        field="sram",
        required_bytes=least.arena_bytes,
        budget_bytes=arena_bytes,
    )


def front(graph: Graph, *, kinds: str = "all", fed: bool = False) -> list[Schedule]:
    """The Pareto front of arena bytes against recomputed MACs, the least recomputation first.

    Raises:
        InvalidInputError: see `plan`.
    """
    found: list[Schedule] = []
    for path in _edges(graph, kinds, fed).front():
        schedule = plan_segments(graph, segments_of(path))
        found = [
            s
            for s in found
            if s.recomputed_macs < schedule.recomputed_macs or s.arena_bytes < schedule.arena_bytes
        ]
        if all(schedule.arena_bytes < s.arena_bytes for s in found):
            found.append(schedule)
    return found


def _within(graph: Graph, edges: Edges, arena_bytes: int) -> Schedule | None:
    """The cheapest path that packs into `arena_bytes`."""
    limit = arena_bytes
    for _ in range(_ATTEMPTS):
        path = edges.path(limit)
        if path is None:
            return None
        schedule = plan_segments(graph, segments_of(path))
        if schedule.arena_bytes <= arena_bytes:
            return schedule
        limit = max(edge.bytes for edge in path) - 1
    return None


def _edges(graph: Graph, kinds: str, fed: bool) -> Edges:
    check_kinds(kinds)
    edges = Edges(graph, kinds, fed=fed)
    if edges.path(None) is None:
        raise InvalidInputError(
            f"{graph.name}: its first ops cannot run row by row, so its input has to be held",
            field="input",
            given="rows",
            allowed="held",
        )
    return edges


def _check_cover(graph: Graph, segments: Sequence[Segment]) -> None:
    edges = [0, *(s.last for s in segments)]
    firsts = [s.first for s in segments]
    empty = any(s.last <= s.first for s in segments)
    if firsts != edges[:-1] or edges[-1] != len(graph.ops) or empty:
        raise InvalidInputError(
            "segments must cover the graph's ops in order, each at least one",
            field="segments",
            given=[str(s) for s in segments],
            allowed=f"ops 0 to {len(graph.ops) - 1}",
        )
