"""Several inputs and outputs: on every simulator, and every form in which inputs are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from tinynas.cli.main import app
from tinynas.devices import load_device
from tinynas.emit import Bundle
from tinynas.errors import InvalidInputError, MissingToolError
from tinynas.graph.edges import run_model
from tinynas.graph.ir import Edge, EdgeType, Graph, Signature
from tinynas.graph.random_operators import random_operators
from tinynas.pipeline.compiling import random_vectors, write_bundle
from tinynas.schedule import plan_layer
from tinynas.simulate import bundle_outputs, find_simulator, run_bundle, simulator_names, validate

COUNT = 5


def several() -> Graph:
    """Two inputs and two outputs or more; the model has them in another order, one in float."""
    seeds = iter(range(1000))
    while True:
        graph = random_operators(np.random.default_rng(next(seeds)))
        if min(len(graph.inputs), len(graph.outputs)) >= 2:
            break
    sides = [
        tuple(
            Edge(f"{role} {n}", n, EdgeType.INT8, graph.tensors[n].quantisation)
            for n in reversed(names)
        )
        for role, names in (("in", graph.inputs), ("out", graph.outputs))
    ]
    return replace(graph, signature=Signature(sides[0], sides[1]))


def in_float(graph: Graph) -> Graph:
    """The same with its first output in float."""
    assert graph.signature is not None
    first, *rest = graph.signature.outputs
    outputs = (replace(first, dtype=EdgeType.FLOAT32, quantisation=None), *rest)
    return replace(graph, signature=replace(graph.signature, outputs=outputs))


def written(graph: Graph, folder: Path) -> Bundle:
    device = load_device("stm32f405rg")
    vectors, budget = random_vectors(graph, 1), device.default_budget
    schedule = plan_layer(graph)
    out = folder / "bundle"
    return write_bundle(graph, schedule, device, budget, vectors, out, name="net", info={})


def inputs_of(graph: Graph) -> list[NDArray[np.int8]]:
    assert graph.signature is not None
    rng = np.random.default_rng(2)
    shapes = [graph.tensors[e.tensor].shape[1:] for e in graph.signature.inputs]
    return [rng.integers(-128, 128, (COUNT, *s), dtype=np.int8) for s in shapes]


@pytest.mark.parametrize("name", simulator_names())
def test_every_simulator_takes_and_gives_all_of_them(name: str, tmp_path: Path) -> None:
    try:
        find_simulator(name)
    except MissingToolError as error:
        pytest.skip(error.message)
    graph = several()
    bundle = written(graph, tmp_path)
    assert validate(bundle, simulator=name).mismatched_bytes == 0
    inputs = inputs_of(graph)
    found = bundle_outputs(bundle, inputs, simulator=name)
    for got, expected in zip(found, run_model(graph, inputs), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_every_form_of_inputs_means_the_same(tmp_path: Path) -> None:
    graph = several()
    bundle = written(graph, tmp_path)
    inputs = inputs_of(graph)
    flat = [x.reshape(COUNT, -1) for x in inputs]
    names = [f"in {n}" for n in reversed(graph.inputs)]
    expected = np.concatenate([y.reshape(COUNT, -1) for y in run_model(graph, inputs)], axis=1)
    runner = CliRunner()
    files = [tmp_path / f"x{i}.npy" for i in range(len(inputs))]
    for file, array in zip(files, inputs, strict=True):
        np.save(file, array)
    np.savez(tmp_path / "named.npz", **dict(zip(names, inputs, strict=True)))
    np.savez(tmp_path / "plain.npz", *flat)
    np.save(tmp_path / "rows.npy", np.concatenate(flat, axis=1))
    forms = [files, *([tmp_path / n] for n in ("named.npz", "plain.npz", "rows.npy"))]
    for form in forms:
        given = [word for file in form for word in ("--input", str(file))]
        arguments = ["run", str(bundle.path), *given, "--output", str(tmp_path / "y.npy")]
        done = runner.invoke(app, arguments)
        assert done.exit_code == 0, done.output
        found = np.load(tmp_path / "y.npy")
        assert found.dtype == np.int8
        np.testing.assert_array_equal(found, expected)
    arguments[-1] = str(tmp_path / "y.npz")
    assert runner.invoke(app, arguments).exit_code == 0
    with np.load(tmp_path / "y.npz") as archive:
        assert archive.files == [f"out {n}" for n in reversed(graph.outputs)]
        for name, y in zip(archive.files, run_model(graph, inputs), strict=True):
            np.testing.assert_array_equal(archive[name], y)


def test_outputs_of_unlike_types_lose_nothing(tmp_path: Path) -> None:
    graph = in_float(several())
    inputs = inputs_of(graph)
    expected = run_model(graph, inputs)
    assert [y.dtype for y in expected[:2]] == [np.float32, np.int8]
    rows = run_bundle(written(graph, tmp_path), inputs)
    assert rows.dtype == np.float32
    flat = [y.reshape(COUNT, -1) for y in expected]
    np.testing.assert_array_equal(rows, np.concatenate(flat, axis=1))


def test_inputs_that_are_not_the_models(tmp_path: Path) -> None:
    graph = several()
    bundle = written(graph, tmp_path)
    inputs = inputs_of(graph)
    first = f"in {graph.inputs[-1]}"
    for wrong, said in (
        (inputs[:1], "1 arrays given, the model takes"),
        ([*inputs, inputs[0]], "arrays given, the model takes"),
        ({first: inputs[0]}, "the model takes"),
        ({**dict.fromkeys("ab", inputs[0])}, "'a', 'b' given"),
        (inputs[0], "one array"),
        ([inputs[0], inputs[1][:1], *inputs[2:]], "inputs differ in number"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            bundle_outputs(bundle, wrong)
