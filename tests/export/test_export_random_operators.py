"""Random graphs of all operators: LiteRT against NumPy in every tensor, and back from the file."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.litert import run_litert
from tinynas.export import tflite_bytes
from tinynas.graph.attributes import Attributes
from tinynas.graph.edges import run_model
from tinynas.graph.ir import Activation, Graph
from tinynas.graph.random_operators import random_operators
from tinynas.graph.reference import run
from tinynas.importer import read_tflite

# `benchmarks/fuzz_litert.py` runs the same over 2,000 graphs.
GRAPHS = 120


def inputs_of(graph: Graph, rng: np.random.Generator) -> dict[str, np.ndarray]:
    shapes = {n: graph.tensors[n].shape for n in graph.inputs}
    return {n: rng.integers(-128, 128, (2, *s[1:]), dtype=np.int8) for n, s in shapes.items()}


@pytest.mark.parametrize("first", range(0, GRAPHS, 40))
def test_every_tensor_has_the_bytes_of_litert(first: int) -> None:
    for seed in range(first, first + 40):
        rng = np.random.default_rng(seed)
        graph = random_operators(rng)
        names = [op.outputs[0] for op in graph.ops]
        inputs = inputs_of(graph, rng)
        data = tflite_bytes(graph)
        expected = run_litert(data, inputs, names)
        got = run(graph, inputs, keep=names)
        for op in graph.ops:
            message = f"seed {seed}: {op}"
            np.testing.assert_array_equal(got[op.name], expected[op.name], err_msg=message)
        again = run_model(read_tflite(data), [inputs[n] for n in graph.inputs])
        for name, value in zip(graph.outputs, again, strict=True):
            np.testing.assert_array_equal(value, expected[name], err_msg=f"seed {seed}: {name}")


def test_random_graphs_hold_every_operator_and_do_not_saturate() -> None:
    found: Counter[str] = Counter()
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        graph = random_operators(rng)
        kept = run(graph, inputs_of(graph, rng), keep=[op.outputs[0] for op in graph.ops])
        for op in graph.ops:
            found[op.kind] += 1
            if getattr(op.attributes, "activation", None) is Activation.NONE:
                share = float(np.isin(kept[op.outputs[0]], (-128, 127)).mean())
                ends[op.kind].append(share)
    kinds = {kind.__name__ for kind in Attributes.__args__}
    assert set(found) == kinds
    for kind in ("Conv2D", "DepthwiseConv2D", "FullyConnected", "Add"):
        assert np.mean(ends[kind]) < 0.1, kind
