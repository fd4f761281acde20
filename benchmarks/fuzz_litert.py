"""Random graphs of all operators: LiteRT's reference kernels against the NumPy reference.

    python -m benchmarks.fuzz_litert --graphs 2000 --seed 0

Each graph is written as `.tflite`, run by LiteRT (`BUILTIN_REF`) and by NumPy, and every
intermediate tensor is compared; then the file is imported and the imported graph's outputs are
compared too.  Prints one JSON object; exits with 1 if a byte differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tinynas.export import tflite_bytes
from tinynas.graph.edges import run_model
from tinynas.graph.ir import Graph
from tinynas.graph.random_operators import random_operators
from tinynas.graph.reference import run
from tinynas.importer import read_tflite


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first graph")
    parser.add_argument("--inputs", type=int, default=2, help="inputs a graph")
    arguments = parser.parse_args()
    result = fuzz(arguments.seed, arguments.graphs, arguments.inputs)
    print(json.dumps(result))
    sys.exit(1 if result["mismatched_bytes"] else 0)


def fuzz(first: int, graphs: int, inputs: int) -> dict[str, Any]:
    """Compared bytes, mismatched bytes and operators over a range of seeds."""
    started = time.monotonic()
    operators: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in range(first, first + graphs):
        rng = np.random.default_rng(seed)
        graph = random_operators(rng)
        operators.update(op.kind for op in graph.ops)
        for name, compared, mismatched in compare(graph, inputs, rng):
            totals["compared_bytes"] += compared
            totals["mismatched_bytes"] += mismatched
            if mismatched:
                wrong.append(f"seed {seed}: {name}")
    return {
        "graphs": graphs,
        "seed": first,
        "inputs": inputs,
        "compared_bytes": totals["compared_bytes"],
        "mismatched_bytes": totals["mismatched_bytes"],
        "wrong": wrong[:20],
        "operators": dict(operators.most_common()),
        "seconds": round(time.monotonic() - started, 1),
    }


def compare(graph: Graph, count: int, rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """(tensor, bytes compared, bytes that differ) for each op, and for each imported output."""
    shapes = {n: graph.tensors[n].shape for n in graph.inputs}
    x = {n: rng.integers(-128, 128, (count, *s[1:]), dtype=np.int8) for n, s in shapes.items()}
    names = [op.outputs[0] for op in graph.ops]
    data = tflite_bytes(graph)
    expected = run_litert(data, x, names)
    got = run(graph, x, keep=names)
    again = run_model(read_tflite(data), [x[n] for n in graph.inputs])
    pairs = [(n, got[n], expected[n]) for n in names]
    outputs = zip(graph.outputs, again, strict=True)
    pairs += [(f"imported {n}", value, expected[n]) for n, value in outputs]
    return [(n, b.size, int((a != b).sum())) for n, a, b in pairs]


def run_litert(
    model: bytes, inputs: dict[str, np.ndarray], keep: list[str]
) -> dict[str, np.ndarray]:
    """The tensors `keep` [N, ...] by LiteRT's reference kernels, no delegate."""
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    index = {d["name"]: d["index"] for d in interpreter.get_tensor_details()}
    kept: dict[str, list[np.ndarray]] = {name: [] for name in keep}
    for i in range(len(next(iter(inputs.values())))):
        for name, values in inputs.items():
            interpreter.set_tensor(index[name], values[i : i + 1])
        interpreter.invoke()
        for name, found in kept.items():
            found.append(interpreter.get_tensor(index[name]))
    return {name: np.concatenate(found) for name, found in kept.items()}


if __name__ == "__main__":
    main()
