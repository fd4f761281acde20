"""The .onnx export in onnxruntime: every op's codes or their neighbours, whole networks alike.

A neighbour, because runtimes multiply an accumulator by a float and round halves to even, while
LiteRT multiplies in fixed point and rounds twice, halves away from zero.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

from tinynas.data import load_dataset
from tinynas.errors import InvalidInputError
from tinynas.export import write_onnx
from tinynas.export.onnx import onnx_model
from tinynas.finetune import finetune
from tinynas.graph.attributes import Attributes
from tinynas.graph.ir import Concat, DType, Graph, Op, Quantisation, Tensor
from tinynas.graph.random import random_graph
from tinynas.graph.random_operators import random_operators
from tinynas.graph.reference import run
from tinynas.quantise import int8_input, quantise
from tinynas.spaces import Architecture, Subspace, load_space, network_of, skeleton
from tinynas.supernet import Subnet, TrainingPlan

GRAPHS = 60
LEVELS = {
    "as written": GraphOptimizationLevel.ORT_DISABLE_ALL,
    "fused": GraphOptimizationLevel.ORT_ENABLE_ALL,
}
EXACT = {"Concat", "MaxPool2D", "Pad", "Reshape", "ResizeNearest", "Transpose"}


def run_onnx(
    model: bytes | str, inputs: dict[str, np.ndarray], level: str = "fused"
) -> dict[str, np.ndarray]:
    options = SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = 1
    session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def apart(graph: Graph) -> Graph:
    """The ops of `graph`, none reading what another writes: what one did wrong stays its own."""
    tensors, ops = dict(graph.tensors), []
    for op in graph.ops:
        (name,) = op.outputs
        tensors[f"out/{name}"] = replace(tensors[name], name=f"out/{name}")
        ops.append(replace(op, outputs=(f"out/{name}",)))
    read = dict.fromkeys(n for op in ops for n in op.inputs if n and not tensors[n].constant)
    return Graph("apart", tensors, tuple(ops), tuple(read), tuple(op.outputs[0] for op in ops))


@pytest.mark.parametrize("level", LEVELS)
def test_every_op_gives_the_graphs_codes_or_their_neighbours(level: str) -> None:
    unequal: defaultdict[str, list[float]] = defaultdict(list)
    for seed in range(GRAPHS):
        rng = np.random.default_rng(seed)
        graph = random_operators(rng) if seed % 2 else random_graph(rng)
        inputs = {
            n: rng.integers(-128, 128, (3, *graph.tensors[n].shape[1:]), dtype=np.int8)
            for n in graph.inputs
        }
        codes = inputs | run(graph, inputs, keep=[op.outputs[0] for op in graph.ops])
        separate = apart(graph)
        model = onnx_model(separate)
        onnx.checker.check_model(model, full_check=True)
        feeds = {name: codes[name] for name in separate.inputs}
        got = run_onnx(model.SerializeToString(), feeds, level)
        for op in graph.ops:
            difference = got[f"out/{op.outputs[0]}"].astype(int) - codes[op.outputs[0]]
            assert np.abs(difference).max() <= 1, f"seed {seed}: {op}"
            unequal[op.kind].append(float((difference != 0).mean()))
    assert set(unequal) == {kind.__name__ for kind in Attributes.__args__}
    for kind, shares in unequal.items():
        assert np.mean(shares) <= (0 if kind in EXACT else 0.1), kind
    for kind in ("Conv2D", "DepthwiseConv2D", "FullyConnected", "Add"):
        assert np.mean(unequal[kind]) < 0.01, kind


@pytest.fixture(scope="module")
def network() -> tuple[Graph, np.ndarray]:
    """A network that has learned something, and images: a random one turns noise into chaos."""
    digits = load_dataset("digits").at(16)
    space = load_space("tiny")
    (architecture,) = Architecture.of_rows(space, space.sample(1, np.random.default_rng(5)))
    shape = network_of(Subspace(space, 0.5, 16), architecture, classes=10, input_channels=1)
    torch.manual_seed(0)
    plan = TrainingPlan(images=5000, batch_size=32, learning_rate=5e-3, threads=1)
    subnet = finetune(Subnet(shape), None, digits, plan)
    return quantise(subnet, digits.calibration_images()), digits.test.images


def test_a_network_follows_through_all_its_layers(
    network: tuple[Graph, np.ndarray], tmp_path: Path
) -> None:
    graph, images = network
    assert {"Add", "Mean", "DepthwiseConv2D"} <= {op.kind for op in graph.ops}
    write_onnx(graph, tmp_path / "model.onnx")
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    inputs = {"input": int8_input(images)}
    # Not fused: on processors that lack VNNI the fused integer kernels saturate.
    got = run_onnx(str(tmp_path / "model.onnx"), inputs, "as written")["logits"]
    expected = run(graph, inputs)["logits"]
    assert got.dtype == expected.dtype == np.int8
    # One code an op at most, but every layer passes on what those before it did.
    difference = np.abs(got.astype(int) - expected)
    assert difference.max() <= 12
    assert difference.mean() < 1.5
    assert (got.argmax(1) == expected.argmax(1)).mean() > 0.98
    assert list(tmp_path.iterdir()) == [tmp_path / "model.onnx"]


def test_runtimes_find_integer_convolutions(
    network: tuple[Graph, np.ndarray], tmp_path: Path
) -> None:
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    model = onnx_model(network[0]).SerializeToString()
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    kinds = {node.op_type for node in onnx.load(tmp_path / "fused.onnx").graph.node}
    assert "QLinearConv" in kinds


def test_the_same_graph_gives_the_same_bytes(
    network: tuple[Graph, np.ndarray], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        write_onnx(network[0], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_skeleton_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    space = load_space("tiny")
    shape = network_of(Subspace(space, 0.5, 16), space.smallest, classes=5, input_channels=3)
    with pytest.raises(InvalidInputError, match="has no data"):
        write_onnx(skeleton(shape), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_onnx_cannot_say_is_named() -> None:
    q = Quantisation((0.1,), 0)
    x = Tensor("x", (1, 4), quantisation=q)
    constant = Tensor("c", (1, 4), quantisation=q, constant=True, data=np.zeros((1, 4), np.int8))
    y = Tensor("y", (1, 8), quantisation=q)
    joined = Op("join", Concat(1), ("x", "c"), ("y",))
    tensors = {t.name: t for t in (x, constant, y)}
    with pytest.raises(InvalidInputError, match="op join: a constant joined"):
        onnx_model(Graph("g", tensors, (joined,), ("x",), ("y",)))
    wide = replace(x, dtype=DType.INT16)
    with pytest.raises(InvalidInputError, match="tensor x is int16"):
        onnx_model(Graph("g", {"x": wide}, (), ("x",), ()))
