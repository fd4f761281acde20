"""Instructions a MAC of single layers, beside other engines: `python -m benchmarks.kernels`.

Every shape of the table runs with int8 weights and with its fastest variant on a simulated
Cortex-M7, every output byte compared with the integer reference.  Writes
`benchmarks/results/kernels.md` and `.json`; `--only TEXT` measures the shapes whose name has it,
and writes nothing; `--kernels` measures these variants anew and keeps the other rows.  The peers'
figures were counted in the same way, on a Cortex-M4.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path

from benchmarks import op_graphs
from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.build import find_toolchain
from tinynas.cost.instructions import cycles_per_instruction
from tinynas.cost.layout import constant_bytes
from tinynas.graph.ir import Graph, Window
from tinynas.schedule import plan_layer
from tinynas.schedule.kernels import BASE, Kernel, kernel_in, kernel_of, scratch_bytes

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Case:
    """A layer on an input [size, size, channels]; peers: CMSIS-NN, TinyEngine integer and float."""

    name: str
    size: int
    channels: int
    layer: Layer
    peers: tuple[float | None, float | None, float | None]
    per: str = "MAC"
    """What instructions are counted a."""

    def network(self) -> Graph:
        return network_of_layers(self.size, self.channels, [self.layer])


@dataclass(frozen=True)
class OpCase:
    """A layer without a window of weights, the last op of a network of its own."""

    name: str
    network: Callable[[], Graph]
    per: str = "output"
    peers: tuple[float | None, float | None, float | None] = (None, None, None)


@dataclass(frozen=True)
class Row:
    """One measured kernel: simulated instructions a MAC or an output, bytes, wrong output bytes of
    all."""

    name: str
    kernel: str
    instructions_per_mac: float
    flash_bytes: int
    scratch_bytes: int
    mismatches: int
    outputs: int


def _pointwise(inputs: int, outputs: int, size: int, relu: bool, *peers: float) -> Case:
    name = f"pointwise {inputs} -> {outputs} @{size}"
    return Case(name, size, inputs, Layer(1, 1, outputs, relu), (peers[0], peers[1], peers[2]))


def _depthwise(kernel: int, stride: int, channels: int, size: int, *peers: float) -> Case:
    name = f"depthwise {kernel}x{kernel} s{stride} {channels}@{size}"
    beside = (peers[0], peers[1], peers[2]) if peers else (None, None, None)
    return Case(name, size, channels, Layer(kernel, stride, 0), beside)


def _pool(name: str, size: int, channels: int, kernel: int, *, largest: bool) -> OpCase:
    window = Window((kernel, kernel), (kernel, kernel))
    build = partial(op_graphs.pool, (size, size), channels, window, largest=largest)
    return OpCase(name, build)


CASES: tuple[Case | OpCase, ...] = (
    Case("stem 3x3 s2 3 -> 16 @96", 96, 3, Layer(3, 2, 16), (4.82, 2.82, 1.98)),
    _pointwise(8, 48, 40, True, 6.63, 6.86, 4.47),
    _pointwise(16, 96, 40, True, 3.96, 4.02, 2.72),
    _pointwise(24, 144, 20, True, 3.28, 3.10, 2.15),
    _pointwise(96, 24, 20, False, 1.85, 2.12, 1.91),
    _pointwise(240, 40, 10, False, 1.62, 1.80, 1.72),
    _pointwise(96, 480, 5, True, 2.00, 2.05, 1.85),
    _pointwise(480, 96, 5, False, 1.64, 1.72, 1.68),
    _depthwise(3, 1, 48, 40, 8.83, 8.51, 6.21),
    _depthwise(3, 1, 96, 20, 8.61, 8.78, 6.50),
    _depthwise(3, 1, 240, 10, 8.32, 9.19, 6.89),
    _depthwise(5, 1, 48, 40, 9.78, 4.88, 4.44),
    _depthwise(5, 1, 96, 20, 9.26, 4.99, 4.55),
    _depthwise(5, 1, 240, 10, 8.80, 5.15, 4.70),
    _depthwise(7, 1, 48, 40, 8.84, 3.75, 3.48),
    _depthwise(7, 1, 96, 20, 8.30, 3.81, 3.54),
    _depthwise(7, 1, 240, 10, 7.79, 3.90, 3.62),
    _depthwise(3, 2, 48, 40, 8.84, 10.15, 7.75),
    _depthwise(3, 2, 96, 20, 8.62, 11.06, 8.68),
    _depthwise(3, 2, 240, 10, 8.33, 12.45, 9.95),
    *(_depthwise(k, 2, c, size) for k in (5, 7) for c, size in ((48, 40), (96, 20), (240, 10))),
    Case("conv 3x3 s1 16 -> 16 @32", 32, 16, Layer(3, 1, 16), (None, None, None)),
    OpCase("fully connected 64 -> 10", partial(op_graphs.fully_connected, 64, 10), "MAC"),
    OpCase("fully connected 256 -> 128", partial(op_graphs.fully_connected, 256, 128), "MAC"),
    OpCase("add 24@20", partial(op_graphs.addition, 20, 24)),
    OpCase("mean 7x7 160", partial(op_graphs.mean, 7, 160)),
    _pool("average pool 2x2 s2 32@20", 20, 32, 2, largest=False),
    _pool("average pool 8x8 64", 8, 64, 8, largest=False),
    _pool("max pool 2x2 s2 32@20", 20, 32, 2, largest=True),
    _pool("max pool 3x3 s3 48@12", 12, 48, 3, largest=True),
)


def measured(case: Case | OpCase, kernels: list[Kernel]) -> list[Row]:
    """The kernel of the least flash, then the variants that run the layer; of `kernels` if any."""
    graph = case.network()
    base = kernel_of(graph, graph.ops[-1])
    rows = [] if kernels and base not in kernels else [_row(case, graph, None)]
    plan = plan_layer(graph)
    for kernel in kernels or BASE:
        if forced(graph, plan, {kernel}).variants:
            rows.append(_row(case, graph, kernel))
    return rows


def _row(case: Case | OpCase, graph: Graph, kernel: Kernel | None) -> Row:
    schedule = forced(graph, plan_layer(graph), {kernel} if kernel else set())
    ran = run_network(graph, schedule)
    op = graph.ops[-1]
    runs = kernel_in(graph, schedule, op)
    outputs = graph.tensors[op.outputs[0]].elements
    return Row(
        case.name,
        runs.value,
        round(ran.by_op[len(graph.ops) - 1] / (graph.macs if case.per == "MAC" else outputs), 3),
        constant_bytes(graph, op, runs).total,
        scratch_bytes(graph, op, runs),
        ran.mismatches,
        outputs,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="shapes whose name has this")
    parser.add_argument("--kernels", nargs="+", type=Kernel, default=[], metavar="NAME")
    arguments = parser.parse_args()
    wanted = arguments.only
    rows: list[Row] = []
    for case in CASES:
        if wanted in case.name:
            for row in measured(case, arguments.kernels):
                rows.append(row)
                print(*asdict(row).values(), file=sys.stderr, flush=True)
    if not wanted:
        RESULTS.mkdir(exist_ok=True)
        if arguments.kernels:
            rows = merged(rows)
        entries = [asdict(row) for row in rows]
        (RESULTS / "kernels.json").write_text(json.dumps(entries, indent=2) + "\n")
        (RESULTS / "kernels.md").write_text(table(rows))
    return 1 if any(row.mismatches for row in rows) else 0


def merged(rows: list[Row]) -> list[Row]:
    """The rows on file, with these in their place behind those of the same layer."""
    new = {(row.name, row.kernel) for row in rows}
    old = [Row(**entry) for entry in json.loads((RESULTS / "kernels.json").read_text())]
    kept = [row for row in old if (row.name, row.kernel) not in new]
    order = [case.name for case in CASES]
    return sorted([*kept, *rows], key=lambda row: order.index(row.name))


def table(rows: list[Row]) -> str:
    """Markdown: layers with products by the MAC, the others by the output."""
    lines = [
        "# Single layers: simulated instructions a MAC",
        "",
        f"`python -m benchmarks.kernels`, {date.today()}, {find_toolchain().label}, STM32F746xG",
        "(Cortex-M7) in Unicorn, one random input, every output byte compared with the integer",
        "reference.  Flash: weights, requantisation and descriptor.  Instructions, not cycles.",
    ]
    for per in ("MAC", "output"):
        names = {case.name for case in CASES if case.per == per}
        lines += _part(per, [row for row in rows if row.name in names])
    return "\n".join([*lines, ""])


def _part(per: str, rows: list[Row]) -> list[str]:
    peers = {case.name: case.peers for case in CASES}
    lines = [
        "",
        f"| layer | kernel | instructions a{'n' * (per == 'output')} {per} "
        f"| cycles a{'n' * (per == 'output')} {per}, estimated for M4 | flash | scratch "
        "| wrong bytes "
        "| CMSIS-NN / TinyEngine int / float |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        each = cycles_per_instruction(Kernel(row.kernel), "cortex-m4")
        cycles = row.instructions_per_mac * each
        beside = " / ".join("-" if p is None else f"{p:.2f}" for p in peers[row.name])
        lines.append(
            f"| {row.name} | {row.kernel} | {row.instructions_per_mac:.3f} | {cycles:.2f} "
            f"| {row.flash_bytes:,} | {row.scratch_bytes:,} "
            f"| {row.mismatches} of {row.outputs:,} | {beside} |"
        )
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
