"""Peak memory and recomputation of five networks under every kind of schedule, run on the device.

`python -m benchmarks.schedules` prints the table of `benchmarks/results/schedules.md`; `--write`
writes it.  `--run` executes the schedules marked there as generated C on a simulated part, compares
every output byte with the integer reference, and adds what was linked and measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.executed_schedules import DEVICE, EXECUTED, EXECUTIONS, ROOM_BYTES, executed
from benchmarks.schedule_networks import NETWORKS, Network
from tinynas.build import find_toolchain
from tinynas.graph.ir import DepthwiseConv2D, Graph
from tinynas.schedule import (
    Schedule,
    Segment,
    SegmentKind,
    front,
    plan_layer,
    plan_segments,
    schedules_for,
)
from tinynas.schedule.liveness import needs_of
from tinynas.schedule.packing import Problem
from tinynas.schedule.planner import worthwhile_points
from tinynas.schedule.stream import MIN_CHUNK

RESULT = Path(__file__).with_name("results") / "schedules.md"

ANCHORS: dict[str, tuple[int, ...]] = {
    "mbv2-w0.35": (311_040, 290_304, 248_832, 83_801, 65_688, 26_120),
    "mcunet-vww1": (96_000, 89_600, 76_800, 26_073, 21_144, 15_184),
    "mcunet-in3": (340_736, 247_808, 188_356, 124_953, 97_176, 55_712),
}
"""What `docs/schedules.md` calls rows (i) to (v) held and (v) fed, as reached in a model before:
bytes of activations, without scratch."""


@dataclass(frozen=True)
class Row:
    """A way to execute a network; `schedule` None where only the bytes are of interest."""

    label: str
    bytes: int
    scratch: int
    recomputed: int
    schedule: Schedule | None = None
    anchor: int | None = None


def rows_of(graph: Graph, anchors: tuple[int, ...] = ()) -> Iterator[Row]:
    """Rows (i) to (v) of the table, then the least memory that patches, and all mixtures, reach."""
    known = dict(enumerate(anchors))
    yield Row("(i) inputs and outputs side by side", side_by_side(graph), 0, 0, None, known.get(0))
    yield Row("(ii) depthwise in place", in_place(graph), 0, 0, None, known.get(1))
    layer = plan_layer(graph)
    yield of("(iii) layer by layer, outputs over inputs", graph, layer, known.get(2))
    yield of("(iv) each block streamed", graph, each_block(graph), known.get(3))
    held, fed = (front(graph, kinds="stream", fed=by_rows)[-1] for by_rows in (False, True))
    yield of("(v) streams, image held", graph, held, known.get(4))
    yield of("(v) streams, image fed by rows", graph, fed, known.get(5))
    patched = min(schedules_for(graph, "patch"), key=lambda s: s.arena_bytes)
    yield of("patches, then layer by layer", graph, patched)
    for schedule in front(graph):
        yield of("front of all mixtures, image held", graph, schedule)


def of(label: str, graph: Graph, schedule: Schedule, anchor: int | None = None) -> Row:
    """Bytes of the arena, and of them the scratch at the op where most is live."""
    taken = [live_bytes(schedule, op) for op in range(len(graph.ops))]
    peak = taken.index(max(taken))
    live = [b for b in schedule.buffers if b.first <= peak <= b.last]
    scratch = sum(b.bytes for b in live if b.tensor is None)
    return Row(label, schedule.arena_bytes, scratch, schedule.recomputed_macs, schedule, anchor)


def live_bytes(schedule: Schedule, op: int) -> int:
    """Bytes of the arena in use while an op runs; where buffers overlap they count once."""
    used = np.zeros(schedule.arena_bytes, dtype=bool)
    for buffer in schedule.buffers:
        if buffer.first <= op <= buffer.last:
            used[buffer.offset : buffer.end] = True
    return int(used.sum())


def side_by_side(graph: Graph) -> int:
    """The most that tensors take together which are live at one op."""
    return _activations(graph, {})


def in_place(graph: Graph) -> int:
    """The same where a depthwise convolution may write over its input."""
    needs = needs_of(graph, [Segment(SegmentKind.LAYER, 0, len(graph.ops))])
    outputs = {o.outputs[0] for o in graph.ops if isinstance(o.attributes, DepthwiseConv2D)}
    return _activations(graph, {k: d for k, d in needs.distances.items() if k[1] in outputs})


def _activations(graph: Graph, distances: dict[tuple[str, str], int]) -> int:
    needs = needs_of(graph, [Segment(SegmentKind.LAYER, 0, len(graph.ops))])
    problem = needs.problem()
    kept = [i for i, n in enumerate(needs.buffers) if n.tensor is not None]
    index = {needs.buffers[i].name: k for k, i in enumerate(kept)}
    relations = {(index[a], index[b]): d for (a, b), d in distances.items()}
    return Problem(tuple(problem.items[i] for i in kept), relations).lower_bound


def each_block(graph: Graph) -> Schedule:
    """The stem by itself, every block a stream of its own, and the rest layer by layer."""
    points = worthwhile_points(graph)
    segments = [Segment(SegmentKind.LAYER, 0, 1)]
    edges = [1, *(p for p in points if p > 2)]
    segments += [
        Segment(SegmentKind.STREAM, first, last, chunk=MIN_CHUNK) for first, last in pairwise(edges)
    ]
    segments.append(Segment(SegmentKind.LAYER, edges[-1], len(graph.ops)))
    return plan_segments(graph, segments)


def table(network: Network, graph: Graph) -> list[str]:
    macs = graph.macs
    lines = [
        f"## {network.name} at {network.resolution} px: {macs / 1e6:.3f} M MACs",
        "",
        "| schedule | arena | anchor | difference | scratch | recomputed | bound | segments |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows_of(graph, ANCHORS.get(network.name, ())):
        anchor = f"{row.anchor:,}" if row.anchor else "-"
        apart = f"{(row.bytes - row.anchor) / row.anchor:+.1%}" if row.anchor else "-"
        bound = f"{row.schedule.lower_bound_bytes:,}" if row.schedule else "-"
        summary = row.schedule.summary if row.schedule else "-"
        share = f"{row.recomputed:,} ({row.recomputed / macs:.1%})" if row.recomputed else "0"
        lines.append(
            f"| {row.label} | {row.bytes:,} | {anchor} | {apart} | {row.scratch:,} | {share} "
            f"| {bound} | {summary} |"
        )
    return [*lines, ""]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true", help="execute on the simulated part, too")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    parser.add_argument("--simulator", default="unicorn", help="renode, qemu or unicorn")
    parser.add_argument(
        "--room", type=int, default=ROOM_BYTES, help="bytes of SRAM beside the planned arena"
    )
    parser.add_argument("--networks", nargs="+", metavar="NAME", help="these alone")
    arguments = parser.parse_args()
    chosen = [n for n in NETWORKS if not arguments.networks or n.name in arguments.networks]
    options = "".join(f" --{o}" for o in ("run", "write") if getattr(arguments, o))
    if arguments.room != ROOM_BYTES:
        options += f" --room {arguments.room}"
    lines = [
        "# Memory of schedules",
        "",
        f"`python -m benchmarks.schedules{options}`: bytes of the arena, input and output and "
        "kernels' scratch included.",
        "Anchors: activations alone, reached in a model before.",
        "",
    ]
    graphs = [(network, network.graph()) for network in chosen]
    for network, graph in graphs:
        sys.stderr.write(f"{network.name}: {graph.macs:,} MACs\n")
        lines += table(network, graph)
    wrong = 0
    if arguments.run:
        lines.append(
            EXECUTED.format(
                device=DEVICE,
                room=arguments.room,
                simulator=arguments.simulator,
                compiler=find_toolchain().label,
                vectors=EXECUTIONS,
            )
        )
        for network, graph in graphs:
            plans = [
                (row.label, row.schedule, row.anchor)
                for row in rows_of(graph, ANCHORS.get(network.name, ()))
                if row.schedule is not None and not row.label.startswith("front")
            ]
            for line in executed(network.name, graph, plans, arguments.simulator, arguments.room):
                sys.stderr.write(line + "\n")
                wrong += not line.endswith("| 0 |")
                lines.append(line)
    text = "\n".join(lines).rstrip() + "\n"
    sys.stdout.write(text)
    if arguments.write:
        RESULT.write_text(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
