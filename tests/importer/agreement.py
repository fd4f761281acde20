"""One model through LiteRT's reference kernels and through the imported graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from model_files import ModelFile

from benchmarks.litert import run_litert_model
from tinynas.graph.edges import run_model, signature_of
from tinynas.graph.ir import Graph
from tinynas.importer import read_tflite


def random_inputs(graph: Graph, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Inputs [count, ...] of the model's own types, floats a little wider than they are kept."""
    found: list[np.ndarray] = []
    for edge in signature_of(graph).inputs:
        tensor = graph.tensors[edge.tensor]
        shape = (count, *tensor.shape[1:])
        if edge.dtype.value == "float32":
            assert tensor.quantisation is not None
            reach = 140 * tensor.quantisation.scale[0]
            found.append(rng.uniform(-reach, reach, shape).astype(np.float32))
        else:
            limits = np.iinfo(edge.dtype.value)
            found.append(rng.integers(limits.min, limits.max + 1, shape, dtype=edge.dtype.value))
    return found


def assert_agrees(model: ModelFile | bytes, count: int = 5) -> Graph:
    """The imported graph, which gives LiteRT's bytes on random inputs."""
    data = model if isinstance(model, bytes) else model.data()
    graph = read_tflite(data)
    inputs = random_inputs(graph, count, np.random.default_rng(1))
    expected = run_litert_model(data, inputs)
    got = run_model(graph, inputs)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
        assert len(np.unique(b)) > 1, "a constant output shows nothing"
    return graph


def kinds(graph: Graph) -> list[Any]:
    return [op.kind for op in graph.ops]
