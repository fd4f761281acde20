"""Random graphs of all operators: LiteRT's reference kernels against NumPy and the generated C.

    python -m benchmarks.fuzz_litert --graphs 2000 --simulated 200 --seed 0

Each graph is written as `.tflite` and run by LiteRT (`BUILTIN_REF`), and compared with it are

- NumPy, in every intermediate tensor;
- the graph that is imported from the file, in its outputs;
- the C on this computer, in every intermediate tensor (as outputs of the network), and once more
  with the outputs alone, since then tensors share more of the arena; in patches where it can be;
- the C on the simulated device, in its outputs, for `--simulated` of the graphs.

Prints one JSON object; exits with 1 if a byte differs.  `saturated` is the share of compared
NumPy bytes at an end of int8.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.host_batch import Case, run_cases, with_all_outputs
from benchmarks.litert import run_litert
from tinynas.build import build_firmware, find_toolchain
from tinynas.devices import load_device
from tinynas.export import tflite_bytes
from tinynas.graph.edges import run_model
from tinynas.graph.ir import Graph
from tinynas.graph.random_operators import random_operators
from tinynas.graph.reference import run
from tinynas.graph.rows import pack_rows
from tinynas.importer import read_tflite
from tinynas.pipeline.compiling import random_vectors, write_bundle
from tinynas.schedule import (
    Segment,
    SegmentKind,
    patch_points,
    plan_layer,
    plan_patch,
    plan_segments,
)
from tinynas.schedule.packing import Packing, Problem, align
from tinynas.simulate import simulate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first graph")
    parser.add_argument("--inputs", type=int, default=2, help="inputs a graph")
    parser.add_argument("--simulated", type=int, default=200, help="graphs on the device too")
    parser.add_argument("--simulator", default="unicorn")
    arguments = parser.parse_args()
    result = fuzz(
        arguments.seed,
        arguments.graphs,
        arguments.inputs,
        simulated=arguments.simulated,
        simulator=arguments.simulator,
    )
    print(json.dumps(result))
    sys.exit(1 if result["mismatched_bytes"] else 0)


BATCH = 50
"""Graphs whose C is compiled into one program."""

DEVICE = "stm32f746xg"


@dataclass(frozen=True)
class Found:
    """What one way of computing gave for a tensor, against LiteRT's bytes."""

    way: str
    tensor: str
    got: np.ndarray
    expected: np.ndarray

    @property
    def mismatched(self) -> int:
        return int((self.got != self.expected).sum())


@dataclass(frozen=True)
class Specimen:
    """A random graph, its inputs [N, ...], and LiteRT's value of every tensor that an op writes."""

    seed: int
    graph: Graph
    inputs: dict[str, np.ndarray]
    litert: dict[str, np.ndarray]

    @property
    def rows(self) -> np.ndarray:
        return pack_rows(self.graph, self.graph.inputs, self.inputs)

    def expected_rows(self, names: tuple[str, ...]) -> np.ndarray:
        return pack_rows(self.graph, names, self.litert)


def fuzz(
    first: int, graphs: int, inputs: int, *, simulated: int = 0, simulator: str = "unicorn"
) -> dict[str, Any]:
    """Compared bytes, mismatched bytes and operators over a range of seeds."""
    started = time.monotonic()
    operators: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    mismatched: Counter[str] = Counter()
    wrong: list[str] = []
    saturated = 0
    every = max(1, graphs // simulated) if simulated else graphs + 1
    with tempfile.TemporaryDirectory() as folder:
        for start in range(first, first + graphs, BATCH):
            batch = range(start, min(start + BATCH, first + graphs))
            specimens = [specimen(seed, inputs) for seed in batch]
            for one in specimens:
                operators.update(op.kind for op in one.graph.ops)
            found = [(s, f) for s in specimens for f in by_numpy(s)]
            saturated += sum(int((np.abs(f.got + 0.5) > 127).sum()) for _, f in found)
            found += by_host_c(specimens)
            for one in specimens:
                if (one.seed - first) % every == 0:
                    found.append((one, by_device(one, simulator, Path(folder))))
            for one, f in found:
                compared[f.way] += f.expected.size
                mismatched[f.way] += f.mismatched
                if f.mismatched:
                    wrong.append(f"seed {one.seed}: {f.way}, {f.tensor}")
            print(
                f"{batch.stop - first} of {graphs} graphs, {sum(compared.values()):,} bytes, "
                f"{sum(mismatched.values())} mismatched, {compared['device']:,} on the device",
                file=sys.stderr,
            )
    return {
        "graphs": graphs,
        "seed": first,
        "inputs": inputs,
        "simulated": len(range(0, graphs, every)),
        "simulator": simulator if simulated else None,
        "compared_bytes": dict(compared),
        "mismatched_bytes": sum(mismatched.values()),
        "wrong": wrong[:20],
        "saturated": round(saturated / max(1, compared["numpy"] + compared["imported"]), 3),
        "operators": dict(operators.most_common()),
        "seconds": round(time.monotonic() - started, 1),
    }


def specimen(seed: int, count: int) -> Specimen:
    rng = np.random.default_rng(seed)
    graph = random_operators(rng)
    shapes = {n: graph.tensors[n].shape for n in graph.inputs}
    x = {n: rng.integers(-128, 128, (count, *s[1:]), dtype=np.int8) for n, s in shapes.items()}
    names = [op.outputs[0] for op in graph.ops]
    return Specimen(seed, graph, x, run_litert(tflite_bytes(graph), x, names))


def by_numpy(one: Specimen) -> list[Found]:
    """Every op's output, and the outputs of the graph that was written and read again."""
    graph, names = one.graph, list(one.litert)
    got = run(graph, one.inputs, keep=names)
    again = run_model(read_tflite(tflite_bytes(graph)), [one.inputs[n] for n in graph.inputs])
    found = [Found("numpy", n, got[n], one.litert[n]) for n in names]
    outputs = zip(graph.outputs, again, strict=True)
    return found + [Found("imported", n, value, one.litert[n]) for n, value in outputs]


def by_host_c(specimens: list[Specimen]) -> list[tuple[Specimen, Found]]:
    """The generated C on this computer, under every schedule of `cases_of`."""
    cases = [(s, way, case) for s in specimens for way, case in cases_of(s)]
    with tempfile.TemporaryDirectory() as folder:
        outputs = run_cases([case for _, _, case in cases], Path(folder), flags=("-O0",))
    return [
        (s, Found(way, ", ".join(case.graph.outputs), got, s.expected_rows(case.graph.outputs)))
        for (s, way, case), got in zip(cases, outputs, strict=True)
    ]


class Apart:
    """A packer that lets nothing share memory: every tensor is an output, so hardly any could."""

    def pack(self, problem: Problem) -> Packing:
        ends = list(accumulate((align(item.bytes) for item in problem.items), initial=0))
        return Packing(tuple(ends[:-1]), ends[-1])

    def arena_bytes(self, problem: Problem) -> int:
        return self.pack(problem).arena_bytes


def cases_of(one: Specimen) -> Iterator[tuple[str, Case]]:
    everything = with_all_outputs(one.graph)
    whole = [Segment(SegmentKind.LAYER, 0, len(everything.ops))]
    apart = plan_segments(everything, whole, packer=Apart())
    yield "c, every tensor", Case(everything, apart, one.rows)
    yield "c", Case(one.graph, plan_layer(one.graph), one.rows)
    points = patch_points(one.graph)
    if points:
        _, rows, columns, _ = one.graph.tensors[one.graph.ops[points[-1] - 1].outputs[0]].shape
        grid = (min(3, rows), min(2, columns))
        yield "c, in patches", Case(one.graph, plan_patch(one.graph, points[-1], grid), one.rows)


def by_device(one: Specimen, simulator: str, folder: Path) -> Found:
    """A bundle, built and run on the simulated device; `folder` keeps the kernels' objects."""
    device, graph = load_device(DEVICE), one.graph
    with tempfile.TemporaryDirectory() as temporary:
        bundle = write_bundle(
            graph,
            plan_layer(graph),
            device,
            device.default_budget,
            random_vectors(graph, 0),
            Path(temporary) / "bundle",
            name="network",
            info={},
        )
        firmware = build_firmware(
            bundle.path, device, find_toolchain(), Path(temporary) / "out", cache=folder
        )
        rows = simulate(firmware, simulator=simulator, inputs=one.rows).outputs
    expected = one.expected_rows(graph.outputs)
    return Found("device", ", ".join(graph.outputs), rows.view(np.int8), expected)


if __name__ == "__main__":
    main()
