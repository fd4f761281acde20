"""Predicted against linked and measured memory: 20 networks x 6 devices x schedules x compilers.

    python -m benchmarks.memory_matrix [--networks 20] [--compilers NAME ...] [--write]

The networks: of every search space the smallest and random ones with random weights, random chains,
random graphs of all operators (several inputs and outputs among them), and the models of
`TINYNAS_DATA_DIR/models` where they are.  Each is planned for each device layer by layer and, where
it can be, in patches and row by row; built with each compiler; and run on the simulated device.
Laid-out bytes
(arena, context, constants) must be equal, code and stack within the larger of 2% and 64 bytes.
Exits with 1 if one is not.  Prints one JSON list; `--write` puts the tables into
`benchmarks/results/memory_matrix.md`, and `--merge FILE ...` does so with what earlier runs (of a
device or a compiler each, side by side) have printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.build import Toolchain, build_firmware, firmware_files, toolchains
from tinynas.cost import memory_cost
from tinynas.data.places import data_dir
from tinynas.devices import Device, load_device
from tinynas.emit import emit
from tinynas.errors import InfeasibleBudgetError
from tinynas.graph.ir import Graph
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.random_operators import random_operators
from tinynas.graph.rows import run_rows
from tinynas.importer import read_tflite
from tinynas.pipeline.compiling import random_vectors
from tinynas.schedule import (
    Schedule,
    Segment,
    SegmentKind,
    patch_points,
    plan_layer,
    plan_patch,
    plan_segments,
)
from tinynas.simulate import simulate
from tinynas.spaces import Architecture, Subspace, load_space, network_of

RESULT = Path(__file__).parent / "results" / "memory_matrix.md"
DEVICES = (
    *("stm32f411xe", "stm32f746xg", "stm32l476xg"),
    *("stm32f103xe", "stm32g0b1xe", "stm32l552xe"),  # Cortex-M3, M0+, M33
)
NETWORKS = 20
KINDS = ("layer", "patch", "stream")
LIMIT_BYTES, LIMIT_SHARE = 64, 0.02


@dataclass(frozen=True)
class Row:
    """Bytes predicted and found of one network under one schedule on one device."""

    network: str
    ops: int
    device: str
    schedule: str
    compiler: str
    arena: tuple[int, int]
    static: tuple[int, int]
    constants: tuple[int, int]
    code: tuple[int, int]
    stack: tuple[int, int]

    @property
    def exact(self) -> bool:
        """Whether what is laid out is where it was planned, to the byte."""
        return all(p == m for p, m in (self.arena, self.static, self.constants))

    @property
    def deviation(self) -> float:
        """The larger of code's and stack's, in parts of what is allowed."""
        pairs = (self.code, self.stack)
        return max(abs(p - m) / max(LIMIT_BYTES, LIMIT_SHARE * m) for p, m in pairs)

    @property
    def sram(self) -> tuple[int, int]:
        return (
            self.arena[0] + self.static[0] + self.stack[0],
            self.arena[1] + self.static[1] + self.stack[1],
        )

    @property
    def flash(self) -> tuple[int, int]:
        return self.constants[0] + self.code[0], self.constants[1] + self.code[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=NETWORKS)
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES))
    here = [t.name for t in toolchains()]
    parser.add_argument("--compilers", nargs="+", choices=here, default=here)
    parser.add_argument("--schedules", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--write", action="store_true", help=f"tables into {RESULT.name}")
    parser.add_argument("--merge", nargs="+", type=Path, metavar="FILE", help="builds nothing")
    arguments = parser.parse_args()
    found = [Row(**_pairs(row)) for f in arguments.merge or () for row in json.loads(f.read_text())]
    if arguments.merge:
        RESULT.write_text(markdown(sorted(found, key=lambda r: (r.compiler, r.device))))
        return 1 if any(not row.exact or row.deviation > 1 for row in found) else 0
    with tempfile.TemporaryDirectory() as cache:
        for row in matrix(
            arguments.networks,
            arguments.devices,
            arguments.compilers,
            Path(cache),
            arguments.schedules,
        ):
            found.append(row)
            print(text_of(row), file=sys.stderr)
    wrong = [row for row in found if not row.exact or row.deviation > 1]
    print(json.dumps([asdict(row) for row in found]))
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(markdown(found))
    print(f"{len(found)} builds, {len(wrong)} outside the limits", file=sys.stderr)
    return 1 if wrong else 0


def _pairs(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}


def matrix(
    networks: int,
    devices: list[str],
    compilers: list[str],
    cache: Path,
    kinds: Sequence[str] = KINDS,
) -> Iterator[Row]:
    """Every network on every device under every schedule that fits it; objects go to `cache`."""
    chosen = [t for t in toolchains() if t.name in compilers]
    for name, graph in islice(some_networks(), networks):
        schedules = schedules_of(graph, kinds)
        for device in map(load_device, devices):
            for schedule in schedules:
                for toolchain in chosen:
                    row = measured(name, graph, schedule, device, toolchain, cache)
                    if row is not None:
                        yield row


def some_networks() -> Iterator[tuple[str, Graph]]:
    """Named networks, the same in every run; those of the models come first."""
    folder = data_dir()
    for path in sorted(folder.glob("models/*.tflite")) if folder else ():
        yield path.stem, read_tflite(path)
    for space, resolution in (("tiny", 32), ("mcunet", 64)):
        for kind in ("smallest", "random"):
            yield f"{space} {kind} {resolution} px", of_space(space, kind, resolution)
    options = RandomGraphOptions(max_size=24, max_channels=32, blocks=(2, 8), classifier=True)
    for seed in range(6):
        yield f"chain {seed}", random_graph(np.random.default_rng(100 + seed), options)
    for seed in range(NETWORKS):
        yield f"operators {seed}", random_operators(np.random.default_rng(200 + seed))


def of_space(name: str, kind: str, resolution: int) -> Graph:
    """A network of a search space with random weights, quantised by min-max."""
    import torch

    from tinynas.quantise import quantise
    from tinynas.supernet import Subnet, recalibrate

    torch.manual_seed(0)
    space = load_space(name)
    rng = np.random.default_rng(0)
    architecture = (
        space.smallest
        if kind == "smallest"
        else Architecture.of_rows(space, space.sample(1, rng))[0]
    )
    subspace = Subspace(space, 0.5 if name == "tiny" else 0.3, resolution)
    shape = network_of(subspace, architecture, classes=10, input_channels=3)
    images = rng.integers(0, 256, (8, resolution, resolution, 3), dtype=np.uint8)
    subnet = Subnet(shape)
    recalibrate(subnet, images)  # without it the activations of random weights fade away
    return quantise(subnet, images)


def schedules_of(graph: Graph, kinds: Sequence[str] = KINDS) -> list[Schedule]:
    """Layer by layer; the deepest and the first patches, in two grids; the deepest stream."""
    points, ops = patch_points(graph), len(graph.ops)
    found = [plan_layer(graph)] if "layer" in kinds else []
    for depths, grid in ((points[-1:], (2, 2)), (points[:1], (3, 1))):
        for depth in depths if "patch" in kinds else ():
            _, rows, columns, _ = graph.tensors[graph.ops[depth - 1].outputs[0]].shape
            if rows >= grid[0] and columns >= grid[1]:
                found.append(plan_patch(graph, depth, grid))
    for depth in points[-1:] if "stream" in kinds else ():
        tail = [Segment(SegmentKind.LAYER, depth, ops)] if depth < ops else []
        found.append(plan_segments(graph, [Segment(SegmentKind.STREAM, 0, depth), *tail]))
    return found


def measured(
    name: str,
    graph: Graph,
    schedule: Schedule,
    device: Device,
    toolchain: Toolchain,
    cache: Path,
) -> Row | None:
    """None where the network is larger than the device."""
    cost = memory_cost(graph, schedule, device.core, toolchain.name)
    vectors = random_vectors(graph, 0)
    harness = firmware_files(
        device,
        name="network",
        vector_bytes=1 << 30,
        library_flash_bytes=cost.flash_bytes,
        inputs=len(graph.inputs),
        outputs=len(graph.outputs),
    )
    with tempfile.TemporaryDirectory() as folder:
        try:
            bundle = emit(
                graph,
                schedule,
                device,
                Path(folder) / "bundle",
                vectors=vectors,
                budget=device.default_budget,
                compiler=toolchain.name,
                extra_files={f"firmware/{file}": text for file, text in harness.items()},
            )
        except InfeasibleBudgetError:
            return None
        out = Path(folder) / "out"
        firmware = build_firmware(bundle.path, device, toolchain, out, cache=cache)
        rows = vectors.inputs[:2]
        run = simulate(firmware, simulator="unicorn", inputs=rows)
        if not np.array_equal(run.outputs, run_rows(graph, rows).view(np.uint8)):
            raise AssertionError(f"{name}: {schedule.summary}: bytes differ from the reference")
    return Row(
        network=name,
        ops=len(graph.ops),
        device=device.name,
        schedule=schedule.summary,
        compiler=toolchain.label,
        arena=(cost.arena_bytes, firmware.arena_bytes),
        static=(cost.static_bytes, firmware.static_bytes),
        constants=(cost.constant_bytes, firmware.constant_bytes),
        code=(cost.code_bytes, firmware.code_bytes),
        stack=(cost.stack_bytes, run.stack_bytes),
    )


def text_of(row: Row) -> str:
    sign = "" if row.exact and row.deviation <= 1 else "  <-- OUTSIDE"
    parts = (row.arena, row.constants, row.code, row.stack)
    pairs = "  ".join(f"{p:>7}/{m:<7}" for p, m in parts)
    where = f"{row.network[:24]:24} {row.device:11} {row.compiler[:14]:14}"
    return f"{where} {row.schedule[:34]:34} {pairs} {row.deviation:5.0%}{sign}"


def markdown(rows: list[Row]) -> str:
    """A summary a compiler and device, and every row."""
    worst = max(row.deviation for row in rows)
    inexact = sum(not row.exact for row in rows)
    networks = len({row.network for row in rows})
    lines = [
        "# Predicted against linked and measured memory",
        "",
        "`python -m benchmarks.memory_matrix --write`: "
        f"{networks} networks, {len({r.device for r in rows})} devices, {len(rows)} builds, each "
        "run on the simulated device",
        "(Unicorn) and compared with the integer reference.",
        f"Laid-out bytes (arena, context, constants) that are not as predicted: {inexact} builds. "
        "Largest deviation of code or",
        f"stack: {worst:.0%} of what is allowed (the larger of 2% and 64 bytes).",
        "",
        "| compiler | device | builds | laid out exactly | code off by at most | stack off by at "
        "most | SRAM off by at most | flash off by at most |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for compiler in sorted({r.compiler for r in rows}):
        for device in sorted({r.device for r in rows}):
            own = [r for r in rows if (r.compiler, r.device) == (compiler, device)]
            if own:
                lines.append(_summary(compiler, device, own))
    lines += [
        "",
        "Predicted / found, in bytes.",
        "",
        "| network | ops | device | compiler | schedule | SRAM | flash | arena | constants | code "
        "| stack |",
        "| --- | ---: | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _summary(compiler: str, device: str, rows: list[Row]) -> str:
    def off(part: str) -> int:
        return int(max(abs(p - m) for p, m in (getattr(r, part) for r in rows)))

    parts = " | ".join(f"{off(part):,}" for part in ("code", "stack", "sram", "flash"))
    exact = sum(r.exact for r in rows)
    return f"| {compiler} | {device} | {len(rows)} | {exact} | {parts} |"


def _line(row: Row) -> str:
    parts = (row.sram, row.flash, row.arena, row.constants, row.code, row.stack)
    cells = " | ".join(f"{p:,} / {m:,}" if p != m else f"{p:,}" for p, m in parts)
    return (
        f"| {row.network} | {row.ops} | {row.device} | {row.compiler.split()[0]} | "
        f"{row.schedule} | {cells} |"
    )


if __name__ == "__main__":
    sys.exit(main())
