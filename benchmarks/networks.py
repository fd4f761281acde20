"""Instructions a MAC of whole networks: `python -m benchmarks.networks [--only TEXT [--write]]`.

Every network is compiled four times: with the kernels of the least flash, with int8 weights in its
dense layers, and with flash to spare for the fewest instructions and for the fewest estimated
cycles; the first and the last also by patches and by streams.  One random
input runs on a simulated Cortex-M4, every output byte compared.  Writes
`benchmarks/results/networks.md`, `.json` and `.svg`, with a table and a picture of one network's
layers before and after; `--only` measures networks whose name has TEXT and writes nothing, or with
`--write` their rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from benchmarks.kernel_shapes import Layer, Ran, network_of_layers, run_network
from benchmarks.published_models import KEYWORD_FILE, RESNET8_FILE, model_file
from benchmarks.schedule_networks import MBV2, of_space
from tinynas.build import find_toolchain
from tinynas.cost import estimate_latency, fastest, memory_cost, with_variants
from tinynas.cost.instructions import instructions_of
from tinynas.cost.variants import Offer, offers_of, runs
from tinynas.devices import Budget, load_device
from tinynas.graph.ir import Graph
from tinynas.importer import read_tflite
from tinynas.schedule import Schedule, plan_layer, plan_patch, schedules_for
from tinynas.schedule.kernels import BASE, Kernel, kernel_in, kernel_of
from tinynas.schedule.scratch import with_scratch
from tinynas.spaces import Architecture, Subspace, load_space

RESULTS = Path(__file__).with_name("results")
DEVICE = "stm32f405xg"
_INT16_DENSE = {Kernel.CONV_WIDE, Kernel.POINTWISE_WIDE}
EVERYTHING = Budget(1 << 30, 1 << 30)
PICTURED = "vww1-like @80"
PEERS = {
    "mlperf resnet8": "2.39 (CMSIS-NN)",
    "mlperf keyword": "2.95 (CMSIS-NN)",
    "vww1-like @80": "4.15 (CMSIS-NN), 3.00 to 3.74 (TinyEngine)",
}

SEARCHED = (
    (
        "searched, 10 KB / 96 KB @32",
        (((5, 4), (7, 6), (7, 6)), ((5, 4),), ((5, 4),)),
        2_120_208,
    ),
    ("searched, an F746 @32", (((7, 6),) * 3,) * 3, 4_103_472),
)
"""What `tinynas search` found on CIFAR-10, and its MACs: the first and the fourth device of
docs/training.md, 76.04% and 79.42% there."""


@dataclass(frozen=True)
class Row:
    """One network with one choice of kernels; bytes as predicted, instructions simulated, cycles
    estimated."""

    name: str
    kernels: str
    macs: int
    instructions_per_mac: float
    cycles_per_mac: float
    sram_bytes: int
    flash_bytes: int
    mismatches: int


@dataclass(frozen=True)
class LayerRow:
    """One op of the pictured network: kernel and instructions with the least flash, and with flash
    to spare."""

    op: str
    shape: str
    before: str
    instructions_before: int
    after: str
    instructions_after: int


def networks() -> Iterator[tuple[str, Graph]]:
    yield "mlperf keyword", read_tflite(model_file(KEYWORD_FILE))
    yield "mlperf resnet8", read_tflite(model_file(RESNET8_FILE))
    # Two classes as for persons: a thousand leave no flash to spare on this device.
    yield "mbv2-w0.35 @96", replace(MBV2, resolution=96, classes=2).graph()
    for name, stages, macs in SEARCHED:
        graph = searched(name, stages)
        if graph.macs != macs:
            raise SystemExit(f"{name}: {graph.macs} MACs, the network that was found has {macs}")
        yield name, graph
    yield "vww1-like @80", vww1_like()


def searched(name: str, stages: Sequence[Sequence[tuple[int, int]]]) -> Graph:
    """A network of space `tiny`, width 0.75, 32 x 32 x 3, ten classes, from (kernel, expansion) a
    block; random weights."""
    space = load_space("tiny")
    chosen = [[{"kernel": k, "expansion": e} for k, e in blocks] for blocks in stages]
    architecture = Architecture.from_json(space, {"stages": chosen})
    return of_space(name, Subspace(space, 0.75, 32), architecture, 10).graph()


def vww1_like() -> Graph:
    """Inverted bottlenecks with kernels 3, 5 and 7 on 80 x 80 x 3, without sums; random weights."""
    layers = [Layer(3, 2, 16), Layer(3, 1, 0), Layer(1, 1, 8, False)]
    stages = ((16, 3, 2, 2), (24, 5, 2, 3), (40, 7, 2, 3), (48, 5, 1, 3), (96, 7, 2, 3))
    channels = 8
    for width, kernel, stride, depth in stages:
        for block in range(depth):
            layers += [
                Layer(1, 1, 4 * channels),
                Layer(kernel if block == 0 else 3, stride if block == 0 else 1, 0),
                Layer(1, 1, width, False),
            ]
            channels = width
    return network_of_layers(80, 3, layers)


def other_schedules(graph: Graph) -> Iterator[tuple[str, Schedule]]:
    """The first ops by patches, and all of them by streams, with both ends of the flash."""
    device = load_device(DEVICE)
    least = min(schedules_for(graph, "stream"), key=lambda s: s.arena_bytes)
    for name, plan in (("2 x 2 patches", plan_patch(graph, 5, (2, 2))), ("streams", least)):
        yield f"{name}, least flash", plan
        yield f"{name}, flash to spare", fastest(graph, plan, EVERYTHING, device)


def choices(graph: Graph) -> Iterator[tuple[str, Schedule]]:
    plan = plan_layer(graph)
    device = load_device(DEVICE)
    best = with_variants(graph, plan, EVERYTHING, device)
    narrow: dict[str, Offer] = {}
    for offer in sorted(offers_of(graph, plan, device), key=lambda o: o.cycles):
        if offer.cycles > 0 and offer.kernel not in _INT16_DENSE:
            narrow[offer.op] = offer
    variants = tuple((name, offer.kernel.value) for name, offer in narrow.items())
    yield "least flash", plan
    if variants:
        yield (
            "int8 weights in dense layers",
            with_scratch(graph, replace(plan, variants=variants)),
        )
    yield "flash to spare, fewest instructions", _fewest_instructions(graph, plan)
    yield "flash to spare", best


def _fewest_instructions(graph: Graph, plan: Schedule) -> Schedule:
    """Every op with the kernel that is estimated to execute least, whatever a cycle costs."""
    variants = []
    for op in graph.ops:
        base = kernel_of(graph, op)
        fast = [k for k, of in BASE.items() if of is base and runs(graph, plan, op, k)]
        chosen = min([base, *fast], key=lambda k: instructions_of(graph, op, k) or 0)
        if chosen is not base:
            variants.append((op.name, chosen.value))
    return with_scratch(graph, replace(plan, variants=tuple(variants)))


def measured(
    name: str, graph: Graph, schedules: Iterable[tuple[str, Schedule]]
) -> list[tuple[Row, Ran, Schedule]]:
    """A network with each of some schedules; MACs are those that are executed."""
    device = load_device(DEVICE)
    found = []
    for kernels, schedule in schedules:
        ran = run_network(graph, schedule, device=device)
        cost = memory_cost(graph, schedule, device.core, find_toolchain().name)
        cycles = estimate_latency(graph, device, schedule).cycles
        row = Row(
            name,
            kernels,
            graph.macs + schedule.recomputed_macs,
            round(ran.instructions / (graph.macs + schedule.recomputed_macs), 3),
            round(cycles / (graph.macs + schedule.recomputed_macs), 2),
            cost.sram_bytes,
            cost.flash_bytes,
            ran.mismatches,
        )
        print(*asdict(row).values(), file=sys.stderr, flush=True)
        found.append((row, ran, schedule))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="networks whose name has this")
    parser.add_argument("--write", action="store_true", help="with --only: keep the other rows")
    parser.add_argument("--layers", action="store_true", help="no other schedules")
    arguments = parser.parse_args()
    found = [(n, g, measured(n, g, choices(g))) for n, g in networks() if arguments.only in n]
    rows = [row for _, _, runs in found for row, _, _ in runs]
    name, graph, runs = found[-1]
    pictured = name == PICTURED
    if pictured and not arguments.layers:
        rows += [row for row, _, _ in measured(name, graph, other_schedules(graph))]
    wrong = any(row.mismatches for row in rows)
    if arguments.write or not arguments.only:
        kept, layers = on_file()
        partly = arguments.only or arguments.layers
        write(
            merged(kept, rows) if partly else rows, layer_rows(graph, runs) if pictured else layers
        )
    return 1 if wrong else 0


def on_file() -> tuple[list[Row], list[LayerRow]]:
    """What was measured before: rows, and the layers of the pictured network."""
    page = RESULTS / "networks.json"
    found = json.loads(page.read_text()) if page.is_file() else {"rows": [], "layers": []}
    return [Row(**row) for row in found["rows"]], [LayerRow(**row) for row in found["layers"]]


def write(rows: list[Row], layers: list[LayerRow]) -> None:
    """The page, the picture, and the figures that both are made of."""
    RESULTS.mkdir(exist_ok=True)
    figures = {"rows": [asdict(r) for r in rows], "layers": [asdict(r) for r in layers]}
    (RESULTS / "networks.json").write_text(json.dumps(figures, indent=2) + "\n")
    (RESULTS / "networks.md").write_text(table(rows) + layer_table(layers))
    (RESULTS / "networks.svg").write_text(picture(layers))


def merged(old: list[Row], rows: list[Row]) -> list[Row]:
    """The old rows, these in the place of theirs or behind those of their network."""
    new = {(row.name, row.kernels): row for row in rows}
    kept = [new.pop((row.name, row.kernels), row) for row in old]
    names = list(dict.fromkeys(row.name for row in [*kept, *rows]))
    return sorted([*kept, *new.values()], key=lambda row: names.index(row.name))


def layer_rows(graph: Graph, runs: list[tuple[Row, Ran, Schedule]]) -> list[LayerRow]:
    """Every op in the first of these runs and in the last."""
    (_, before, narrow), (_, after, fast) = runs[0], runs[-1]
    return [
        LayerRow(
            op.kind,
            " x ".join(map(str, graph.tensors[op.outputs[0]].shape[1:])),
            kernel_in(graph, narrow, op).value,
            before.by_op[i],
            kernel_in(graph, fast, op).value,
            after.by_op[i],
        )
        for i, op in enumerate(graph.ops)
    ]


def table(rows: list[Row]) -> str:
    lines = [
        "# Whole networks: simulated instructions a MAC",
        "",
        f"`python -m benchmarks.networks`, {date.today()}, {find_toolchain().label}, STM32F405xG",
        "(Cortex-M4) in Unicorn, one random input, every output byte compared with the integer",
        "reference; layer by layer where no schedule is named.  MACs as executed; SRAM and",
        "flash as predicted; cycles estimated, with flash wait states.  Flash to spare: the fewest",
        "estimated cycles, which is what the tool chooses, or the fewest instructions.  Searched:",
        "found by `tinynas search` on CIFAR-10 (docs/training.md).  Weights are random in all but",
        "the MLPerf models.",
        "",
        "| network | kernels | MACs | instructions a MAC | cycles a MAC, estimated | SRAM | flash "
        "| wrong bytes | others |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for r in rows:
        lines.append(
            f"| {r.name} | {r.kernels} | {r.macs:,} | {r.instructions_per_mac:.3f} "
            f"| {r.cycles_per_mac:.2f} "
            f"| {r.sram_bytes:,} | {r.flash_bytes:,} | {r.mismatches} | {PEERS.get(r.name, '')} |"
        )
    return "\n".join([*lines, ""])


def layer_table(layers: list[LayerRow]) -> str:
    """Where the time went, before and after."""
    lines = [
        "",
        f"## {PICTURED}, layer by layer",
        "",
        "With the kernels of the least flash, and with flash to spare.",
        "",
        "![instructions of every layer, before and after](networks.svg)",
        "",
        "| op | kernel before | instructions | kernel after | instructions |",
        "| --- | --- | --- | --- | --- |",
    ]
    for i, r in enumerate(layers):
        lines.append(
            f"| {i} {r.op} | {r.before} | {r.instructions_before:,} "
            f"| {r.after} | {r.instructions_after:,} |"
        )
    return "\n".join([*lines, ""])


def picture(layers: list[LayerRow]) -> str:
    """The table as bars, one pair a layer: SVG."""
    height, left, width = 14, 190, 560
    pairs = [(r.instructions_before, r.instructions_after) for r in layers]
    largest = max((max(pair) for pair in pairs), default=1)
    total = 40 + height * len(layers)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{total}" '
        'font-family="sans-serif" font-size="10">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="8" y="16" font-size="12">{PICTURED}: simulated instructions of every layer, '
        "least flash (grey) and flash to spare (blue)</text>",
    ]
    for i, (r, pair) in enumerate(zip(layers, pairs, strict=True)):
        top = 28 + height * i
        parts.append(f'<text x="8" y="{top + 9}">{i} {r.before} {r.shape}</text>')
        for number, offset, colour in zip(pair, (0, 5), ("#999", "#1f77b4"), strict=True):
            bar = width * number / largest
            parts.append(
                f'<rect x="{left}" y="{top + offset}" width="{bar:.1f}" height="5" '
                f'fill="{colour}"><title>{number:,}</title></rect>'
            )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    raise SystemExit(main())
