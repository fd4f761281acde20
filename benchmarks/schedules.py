"""Peak memory and recomputation of five networks under every kind of schedule, run on the device.

`python -m benchmarks.schedules` prints the table of `benchmarks/results/schedules.md`; `--write`
writes it.  `--run` executes the schedules marked there as generated C on a simulated part, compares
every output byte with the integer reference, and adds what was linked and measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.schedule_networks import NETWORKS, Network
from tinynas.build import find_toolchain, firmware_files, preferred_compiler
from tinynas.cost import memory_cost, with_variants
from tinynas.devices import Budget, load_device
from tinynas.emit import Vectors, emit
from tinynas.graph.ir import DepthwiseConv2D, Graph
from tinynas.graph.rows import run_rows
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
from tinynas.simulate import validate

RESULT = Path(__file__).with_name("results") / "schedules.md"
DEVICE = "stm32f746xg"
VECTORS = 16
EXECUTIONS = 1
STACK_BYTES = 1024
"""Room beside the arena, so that the faster kernels may not enlarge what the schedule needs."""

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


def executed(network: Network, graph: Graph, simulator: str) -> Iterator[str]:
    """The schedules as generated C on the simulated part, with the kernels that a bundle gets."""
    device = load_device(DEVICE)
    compiler = preferred_compiler()
    rng = np.random.default_rng(0)
    shape = (VECTORS, *graph.tensors[graph.inputs[0]].shape[1:])
    inputs = rng.integers(-128, 128, shape, dtype=np.int8)
    vectors = Vectors(inputs, run_rows(graph, inputs))
    base = 0
    for row in rows_of(graph):
        if row.schedule is None or not row.label.startswith(("(iii)", "(iv)", "(v)")):
            continue
        roomy = Budget(row.schedule.arena_bytes + STACK_BYTES, device.default_budget.flash_bytes)
        schedule = with_variants(graph, row.schedule, roomy, device, compiler)
        cost = memory_cost(graph, schedule, device.core, compiler)
        harness = firmware_files(
            device,
            name="net",
            vector_bytes=vectors.inputs.nbytes + vectors.outputs.nbytes,
            library_flash_bytes=cost.flash_bytes,
        )
        with tempfile.TemporaryDirectory() as folder:
            bundle = emit(
                graph,
                schedule,
                device,
                Path(folder) / "bundle",
                vectors=vectors,
                budget=Budget(1 << 30, 1 << 30),
                name="net",
                compiler=compiler,
                extra_files={f"firmware/{name}": text for name, text in harness.items()},
            )
            found = validate(bundle, simulator=simulator, limit=EXECUTIONS, time_limit_s=3000)
        instructions = found.run.instructions
        base = base or instructions
        yield (
            f"| {network.name} | {row.label} | {schedule.arena_bytes:,} "
            f"| {cost.static_bytes:,} | {found.run.stack_bytes:,} ({cost.stack_bytes:,}) "
            f"| {found.sram_bytes:,} ({cost.sram_bytes:,}) "
            f"| {found.firmware.flash_bytes:,} ({cost.flash_bytes:,}) "
            f"| {instructions / graph.macs:.3f} | {instructions / base - 1:+.1%} "
            f"| {found.mismatched_bytes} |"
        )


EXECUTED = """\
## On the simulated part

Generated C on a {device} in {simulator}, {compiler}, {vectors} random input, every output byte
compared with the integer reference, with the kernels that a budget of all flash buys.  SRAM is
everything: arena, context and stack; predictions in brackets.  Where the image is fed by rows it is
not in SRAM.  Instructions are those of the first run; `more` is against layer by layer.

| network | schedule | arena | static | stack | SRAM | flash | instr. a MAC | more | wrong bytes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true", help="execute on the simulated part, too")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    parser.add_argument("--simulator", default="unicorn", help="renode, qemu or unicorn")
    parser.add_argument("--networks", nargs="+", metavar="NAME", help="these alone")
    arguments = parser.parse_args()
    chosen = [n for n in NETWORKS if not arguments.networks or n.name in arguments.networks]
    options = "".join(f" --{o}" for o in ("run", "write") if getattr(arguments, o))
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
                simulator=arguments.simulator,
                compiler=find_toolchain().label,
                vectors=EXECUTIONS,
            )
        )
        for network, graph in graphs:
            for line in executed(network, graph, arguments.simulator):
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
