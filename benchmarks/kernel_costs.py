"""Measures `tinynas/cost/instructions.json`: instructions of the kernels on a grid of shapes.

    python -m benchmarks.kernel_costs [--core NAME] [--kernels NAME ...]

Chains of layers run on a simulated Cortex-M7, which stands for all cores with the DSP extension, or
on one without (`instructions_m3.json`, `instructions_m0plus.json`), every layer counted by its
marks and every output byte compared.  To the counts of a kernel the coefficients of
`tinynas.cost.instructions.FEATURES` are fitted, relative deviations squared; the largest deviation
is stored as the error.  Beside them are the cycles of an instruction that
`benchmarks.kernel_cycles` works out for one network.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from benchmarks import op_graphs
from benchmarks.code_size_networks import OF_SPACES, alone
from benchmarks.kernel_cycles import cycles_of, measured_on
from benchmarks.kernel_shapes import Layer, forced, network_of_layers, run_network
from tinynas.cost import instructions
from tinynas.cost.instructions import FEATURES, InstructionModel, features_of
from tinynas.graph.ir import Graph, Window
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.random_operators import random_operators
from tinynas.schedule import Segment, SegmentKind, plan_layer, plan_segments
from tinynas.schedule.kernels import BASE, EXPANDED, PLANES, SLIDES, Kernel, kernel_in, kernel_of
from tinynas.schedule.stream import is_streamable

SHAPES = 6
"""Random one-op networks that most kernels without variants are measured on."""
POOLS = (
    *((20, 32, 2, 2), (8, 64, 8, 8), (12, 8, 3, 1), (9, 6, 3, 2), (25, 4, 5, 5)),
    *((7, 96, 7, 1), (10, 3, 2, 1), (16, 17, 4, 2), (6, 1, 3, 3)),
)
"""Rows and columns, channels, kernel and stride."""
FOLDER = Path(instructions.__file__).parent
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m7")


def chains(base: Kernel, variants: frozenset[Kernel]) -> list[Graph]:
    """Networks of layers of various shapes that a kernel, or its variants, run."""
    for kernel in variants & SLIDES.keys():
        maps = ((40, 8, 3), (27, 32, 2), (20, 16, 2), (12, 96, 2), (10, 48, 1), (7, 64, 2))
        size, stride = SLIDES[kernel]
        rows = [Layer(size, stride, 0), *[Layer(3, 2, 0)] * (2 - stride)]
        return [network_of_layers(n, c, rows * count) for n, c, count in maps]
    for kernel in variants & PLANES.keys():
        halved = ((40, 8, 5), (27, 16, 4), (12, 64, 3))
        size, stride = PLANES[kernel]
        if stride == 2:
            return [network_of_layers(n, c, [Layer(size, 2, 0)] * count) for n, c, count in halved]
        both = [Layer(size, 1, 0), Layer(3, 2, 0)]
        return [network_of_layers(n, c, both * count) for n, c, count in halved]
    if base is Kernel.POINTWISE:
        widths = (96, 24, 16, 8, 48, 144, 40, 240, 10, 64, 7, 33, 96, 280, 96)
        layers = [Layer(1, 1, width, i % 2 == 0) for i, width in enumerate(widths)]
        small = [Layer(1, 1, width, i % 2 == 0) for i, width in enumerate((8, 48, 16, 96, 384))]
        return [network_of_layers(7, 16, layers), network_of_layers(16, 16, small)]
    if base is Kernel.CONV:
        shapes = ((3, 1, 8), (3, 2, 16), (5, 1, 6), (2, 1, 12), (3, 1, 16), (3, 2, 32), (3, 1, 20))
        layers = [Layer(*shape) for shape in shapes]
        stems = [network_of_layers(n, c, [Layer(3, 2, 16)]) for n, c in ((48, 3), (32, 1))]
        return [network_of_layers(20, 3, layers), *stems]
    return [
        network_of_layers(size, channels, [*(Layer(k, 1, 0) for k in (3, 5, 7)), Layer(last, 2, 0)])
        for size, channels in ((40, 8), (20, 16), (10, 32), (5, 48), (3, 64))
        for last in (3, 5, 7)
    ]


@cache
def counts(
    base: Kernel, kernels: frozenset[Kernel], core: str
) -> list[tuple[Kernel, list[float], int]]:
    """Kernel, features and instructions of every layer of the chains, with these variants forced.

    Raises:
        SystemExit: an output byte is wrong.
    """
    found = []
    for graph in chains(base, kernels):
        schedule = forced(graph, plan_layer(graph), set(kernels))
        ran = run_network(graph, schedule, device=measured_on(core))
        if ran.mismatches:
            raise SystemExit(f"{base}: {ran.mismatches} wrong bytes")
        found += [
            (kernel_in(graph, schedule, op), features_of(graph, op).tolist(), ran.by_op[index])
            for index, op in enumerate(graph.ops)
        ]
    return found


def alone_of(kernel: Kernel) -> list[Graph]:
    """Networks whose last op a kernel without variants runs, of various shapes."""
    match kernel:
        case Kernel.FULLY_CONNECTED:
            matrices = ((16, 4), (64, 10), (9, 3), (256, 128), (320, 40), (30, 7), (128, 1))
            return [op_graphs.fully_connected(*shape) for shape in matrices]
        case Kernel.ADD:
            maps = ((40, 8), (20, 24), (5, 96), (3, 7), (8, 64), (1, 30))
            return [op_graphs.addition(*shape) for shape in maps]
        case Kernel.MEAN:
            whole = ((7, 160), (4, 64), (1, 12), (10, 7), (3, 48), (16, 5), (25, 16))
            return [op_graphs.mean(*shape) for shape in whole]
        case Kernel.AVERAGE_POOL | Kernel.MAX_POOL:
            largest = kernel is Kernel.MAX_POOL
            return [
                op_graphs.pool((size, size), channels, Window((k, k), (s, s)), largest=largest)
                for size, channels, k, s in POOLS
            ]
    rng = np.random.default_rng(0)
    options = RandomGraphOptions(min_size=6, max_size=24, max_channels=48, classifier=True)
    found: list[Graph] = []
    while len(found) < SHAPES:
        graph = random_graph(rng, options) if kernel in OF_SPACES else random_operators(rng)
        for op in graph.ops:
            shapes = {t.shape for t in graph.activations_in(op)}
            if kernel_of(graph, op) is kernel and len(shapes) == 1 and len(found) < SHAPES:
                found.append(alone(graph, op))
    return found


def points(kernel: Kernel, core: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features [N, 15] and instructions [N] of the layers that a kernel runs."""
    if kernel in BASE or kernel in BASE.values():
        found = counts(BASE.get(kernel, kernel), frozenset({kernel}), core)
        mine = [(features, number) for name, features, number in found if name is kernel]
    else:
        mine = []
        for graph in alone_of(kernel):
            last = len(graph.ops) - 1
            number = run_network(graph, device=measured_on(core)).by_op[last]
            mine.append((features_of(graph, graph.ops[last]).tolist(), number))
    return np.array([f for f, _ in mine]), np.array([float(n) for _, n in mine])


def cycles(kernel: Kernel, core: str) -> dict[str, float]:
    """Cycles an instruction, by core, on one network."""
    graph = shape_of(kernel)
    return cycles_of(graph, forced(graph, plan_layer(graph), {kernel}), core)


def shape_of(kernel: Kernel, size: int = 10) -> Graph:
    """A network of one op that a kernel runs, of so many rows and columns if it can be chosen."""
    if kernel not in BASE and kernel not in BASE.values():
        graph = alone_of(kernel)[0]
        return alone(graph, graph.ops[-1])
    channels, layer = 48, Layer(3, 1, 0)
    match BASE.get(kernel, kernel):
        case Kernel.POINTWISE:
            layer = Layer(1, 1, 48)
        case Kernel.CONV:
            channels, layer = 16, Layer(3, 1, 16)
        case _:
            layer = Layer(*(PLANES | SLIDES).get(kernel, (3, 1)), 0)
    return network_of_layers(size, channels, [layer])


def call(kernel: Kernel, core: str, model: InstructionModel) -> float:
    """Instructions of every further call: one layer row by row against the same one at once.

    Without what `model` knows of weights that are expanded in every call.
    Nothing for kernels that no stream runs; what of rows taken apart a tile repeats is not counted.
    Rows of twelve pixels: dense kernels compute two or three at once, and what a part lacks to that
    counts as pixels.
    """
    graph = shape_of(kernel, 12)
    if kernel in PLANES or not is_streamable(graph, 0, len(graph.ops)):
        return 0.0
    rows = plan_segments(graph, (Segment(SegmentKind.STREAM, 0, len(graph.ops), chunk=2),))
    once, parts = (
        run_network(graph, forced(graph, plan, {kernel}), device=measured_on(core)).by_op[0]
        for plan in (plan_layer(graph), rows)
    )
    found = (parts - once) / (graph.tensors[graph.outputs[0]].shape[1] - 1)
    if kernel in EXPANDED:
        expanded = features_of(graph, graph.ops[0])[FEATURES.index("expanded")]
        found -= model.of("expanded") * float(expanded)
    return round(found, 1)


def fit(features: NDArray[np.float64], counts: NDArray[np.float64]) -> dict[str, Any]:
    """Coefficients, none negative, and the largest relative deviation over all points.

    Without `expanded`: only kernels that expand weights do something for each."""
    return _deviation(
        fitted(features, counts, [n for n in FEATURES if n != "expanded"]), features, counts
    )


def fit_expanded(kernel: Kernel, core: str) -> dict[str, Any]:
    """The coefficients of the kernel with int16 weights in flash, and of what expanding adds to its
    counts on the same layers: something for a call and for what is expanded."""
    features, numbers = points(kernel, core)
    same, wide = points(_EXPANDED_OF[kernel], core)
    assert np.array_equal(same, features)
    of_wide = fit(features, wide)["coefficients"]
    added = fitted(features, numbers - wide, ["calls", "expanded"])
    return _deviation(added + of_wide, features, numbers)


_EXPANDED_OF = {
    Kernel.CONV_EXPANDED: Kernel.CONV_WIDE,
    Kernel.POINTWISE_EXPANDED: Kernel.POINTWISE_WIDE,
}


def fitted(
    features: NDArray[np.float64], counts: NDArray[np.float64], names: list[str]
) -> NDArray[np.float64]:
    """Coefficients of all features, none negative, 0 but for those of `names`."""
    columns = [FEATURES.index(name) for name in names]
    found = np.zeros(len(FEATURES))
    found[columns], _ = nnls(features[:, columns] / counts[:, None], np.ones(len(counts)))
    return found


def _deviation(
    coefficients: NDArray[np.float64], features: NDArray[np.float64], counts: NDArray[np.float64]
) -> dict[str, Any]:
    error = float(np.abs(features @ coefficients / counts - 1).max())
    return {"coefficients": [round(float(c), 4) for c in coefficients], "error": round(error, 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", nargs="+", type=Kernel, metavar="NAME", help="these alone")
    parser.add_argument("--core", choices=CORES, default=CORES[-1])
    arguments = parser.parse_args()
    wanted, core = arguments.kernels, arguments.core
    target = FOLDER / instructions.file_of(core)
    table = json.loads(target.read_text()) if target.is_file() else {"kernels": {}}
    known = table.get("features", FEATURES)
    for value in table["kernels"].values():
        old = dict(zip(known, value["coefficients"], strict=True))
        value["coefficients"] = [old.get(name, 0.0) for name in FEATURES]
    table["features"] = list(FEATURES)
    for kernel in wanted or Kernel:
        found = fit_expanded(kernel, core) if kernel in EXPANDED else fit(*points(kernel, core))
        model = InstructionModel(tuple(found["coefficients"]), found["error"], {})
        found |= {"cycles": cycles(kernel, core), "call": call(kernel, core, model)}
        table["kernels"][kernel.value] = found
        print(
            f"{kernel:20} error {found['error']:.1%}",
            found["cycles"],
            file=sys.stderr,
        )
        target.write_text(json.dumps(table, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
