"""Schedules of a graph: layer by layer, or a first part patch by patch, in the smallest arena."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinynas.errors import InfeasibleBudgetError, InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.schedule.ir import Buffer, Schedule, Segment, SegmentKind
from tinynas.schedule.liveness import needs_of
from tinynas.schedule.packing import Packer
from tinynas.schedule.twoended import TwoEndedPacker
from tinynas.schedule.windows import patch_points, recomputed_macs

KINDS = ("all", "layer", "patch")
"""Which candidates the planner considers."""

MAX_GRID = 4
"""Largest number of patches along a side that the planner considers (MCUNetV2, section 3.2)."""


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
    """Layer by layer, then every worthwhile patch point with every grid up to `MAX_GRID`.

    `kinds` is `all`, `layer` (the first alone) or `patch` (the others).

    Raises:
        InvalidInputError: `kinds` is none of these.
    """
    check_kinds(kinds)
    if kinds != "patch":
        yield [Segment(SegmentKind.LAYER, 0, len(graph.ops))]
    for ops in worthwhile_points(graph) if kinds != "layer" else ():
        _, height, width, _ = graph.tensors[graph.ops[ops - 1].outputs[0]].shape
        for rows in range(1, min(MAX_GRID, height) + 1):
            for columns in range(1, min(MAX_GRID, width) + 1):
                if rows * columns > 1:
                    yield patch_segments(graph, ops, (rows, columns))


def worthwhile_points(graph: Graph) -> tuple[int, ...]:
    """The patch points whose output the next op does not shrink.

    An expanded or a filtered tensor is no place to cut: before the expansion, or behind the
    projection, the tiles have the same halo and less is held whole.
    """
    points = patch_points(graph)
    sizes = [graph.tensors[graph.ops[n - 1].outputs[0]].bytes for n in points]
    kept: list[int] = []
    following, keep = -1, True
    for n, size in zip(reversed(points), reversed(sizes), strict=True):
        keep = keep if size == following else size < following or following < 0
        following = size
        kept += [n] if keep else []
    return tuple(reversed(kept))


def schedules_for(graph: Graph, kinds: str = "all") -> list[Schedule]:
    """All candidates of `kinds`, planned; least recomputation first, then the smaller arena."""
    planned = [plan_segments(graph, segments) for segments in candidate_segments(graph, kinds)]
    return sorted(planned, key=lambda s: (s.recomputed_macs, s.arena_bytes))


def plan(graph: Graph, *, arena_bytes: int, kinds: str = "all") -> Schedule:
    """The candidate with the least recomputation that fits `arena_bytes`; ties: the smaller arena.

    Raises:
        InfeasibleBudgetError: none fits; says the smallest arena of all candidates.
    """
    by_work: dict[int, list[list[Segment]]] = {}
    for segments in candidate_segments(graph, kinds):
        by_work.setdefault(sum(recomputed_macs(graph, s) for s in segments), []).append(segments)
    smallest: int | None = None
    for work in sorted(by_work):
        best: Schedule | None = None
        for segments in by_work[work]:
            limit = best.arena_bytes if best else smallest
            # Worth placing only where the bound leaves hope: of fitting, or of being the smallest.
            bound = needs_of(graph, segments).lower_bound
            if limit is not None and bound >= limit:
                continue
            schedule = plan_segments(graph, segments)
            smallest = min(schedule.arena_bytes, smallest or schedule.arena_bytes)
            if schedule.arena_bytes <= arena_bytes:
                best = schedule
        if best is not None:
            return best
    raise InfeasibleBudgetError(
        f"{graph.name}: no schedule fits an arena of {arena_bytes} bytes; "
        f"the smallest needs {smallest}",
        field="sram",
        required_bytes=smallest or 0,
        budget_bytes=arena_bytes,
    )


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
