"""A bundle on a user's own inputs gives what the model's reference gives, in the model's types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from tinynas.build import BuildError
from tinynas.cli.main import app
from tinynas.devices import Budget, load_device
from tinynas.emit import Bundle, Vectors, emit
from tinynas.errors import InvalidInputError
from tinynas.graph.edges import run_model
from tinynas.graph.ir import Edge, EdgeType, Graph, Quantisation, Signature
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.reference import run
from tinynas.schedule import plan_layer
from tinynas.simulate import run_bundle

_OUTSIDE = Quantisation((0.0078125,), 128)


def _graph(dtype: EdgeType) -> Graph:
    options = RandomGraphOptions(min_size=5, max_size=7, max_channels=6, classifier=True)
    graph = random_graph(np.random.default_rng(3), options)
    sides = [
        (Edge("outside", names[0], dtype, None if dtype is EdgeType.FLOAT32 else _OUTSIDE),)
        for names in (graph.inputs, graph.outputs)
    ]
    return replace(graph, signature=Signature(sides[0], sides[1]))


def _bundle(graph: Graph, folder: Path) -> Bundle:
    rng = np.random.default_rng(0)
    shape = (16, *graph.tensors[graph.inputs[0]].shape[1:])
    inputs = rng.integers(-128, 128, shape, dtype=np.int8)
    outputs = run(graph, {graph.inputs[0]: inputs})[graph.outputs[0]].astype(np.int8)
    return emit(
        graph,
        plan_layer(graph),
        load_device("stm32f746xg"),
        folder / "bundle",
        vectors=Vectors(inputs, outputs),
        budget=Budget(1 << 20, 1 << 20),
    )


def _inputs(graph: Graph, dtype: EdgeType, count: int) -> NDArray[np.generic]:
    shape = (count, *graph.tensors[graph.inputs[0]].shape[1:])
    rng = np.random.default_rng(5)
    if dtype is EdgeType.FLOAT32:
        return rng.normal(0, 1, shape).astype(np.float32)
    return rng.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("dtype", [EdgeType.UINT8, EdgeType.FLOAT32])
def test_types_are_the_models(dtype: EdgeType, tmp_path: Path) -> None:
    graph = _graph(dtype)
    bundle = _bundle(graph, tmp_path)
    inputs = _inputs(graph, dtype, 20)
    expected = run_model(graph, [inputs])[0].reshape(20, -1)
    actual = run_bundle(bundle.path, inputs)
    assert actual.dtype == dtype.value
    assert len(np.unique(actual)) > 5
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(run_bundle(bundle, inputs.reshape(20, -1)), expected)
    assert run_bundle(bundle, inputs[:0]).shape == (0, expected.shape[1])


def test_wrong_inputs_are_refused(tmp_path: Path) -> None:
    graph = _graph(EdgeType.UINT8)
    bundle = _bundle(graph, tmp_path)
    for bad in (np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.float32), np.array(1)):
        with pytest.raises(InvalidInputError, match="input"):
            run_bundle(bundle, bad)
    with pytest.raises(InvalidInputError, match="no bundle"):
        run_bundle(tmp_path, np.zeros((2, 3), np.uint8))


def test_a_compiler_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = _graph(EdgeType.UINT8)
    monkeypatch.setenv("CC", "cc -Dmain=1")
    with pytest.raises(BuildError, match="failed"):
        run_bundle(_bundle(graph, tmp_path), _inputs(graph, EdgeType.UINT8, 1))


def test_the_command(tmp_path: Path) -> None:
    graph = _graph(EdgeType.FLOAT32)
    bundle = _bundle(graph, tmp_path)
    inputs = _inputs(graph, EdgeType.FLOAT32, 3)
    np.save(tmp_path / "x.npy", inputs)
    files = ["--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]
    done = CliRunner().invoke(app, ["run", str(bundle.path), *files])
    assert done.exit_code == 0, done.output
    expected = run_model(graph, [inputs])[0].reshape(3, -1)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), expected)
    (tmp_path / "x.npy").write_text("no array")
    refused = CliRunner().invoke(app, ["run", str(bundle.path), *files])
    assert refused.exit_code == 2
