"""The exported file on LiteRT's reference kernels against the NumPy reference: every byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.litert import run_litert
from tinynas.errors import InvalidInputError
from tinynas.export import tflite_bytes, write_tflite
from tinynas.export.passes import express_padding
from tinynas.graph.ir import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    DType,
    FullyConnected,
    Graph,
    Mean,
    Op,
    Pad,
    Quantisation,
    Tensor,
    Window,
    output_size,
)
from tinynas.graph.random import RandomGraphOptions, random_graph
from tinynas.graph.reference import run
from tinynas.spaces import load_space, network_of, skeleton
from tinynas.spaces.model import Subspace

GRAPHS = 240


def int8_inputs(graph: Graph, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    shapes = {name: graph.tensors[name].shape for name in graph.inputs}
    return {n: rng.integers(-128, 128, (count, *s[1:]), dtype=np.int8) for n, s in shapes.items()}


def assert_same_bytes(graph: Graph, inputs: dict[str, np.ndarray], label: str = "") -> None:
    names = [op.outputs[0] for op in graph.ops]
    expected = run_litert(tflite_bytes(graph), inputs, names)
    got = run(graph, inputs, keep=names)
    for op in graph.ops:
        name = op.outputs[0]
        np.testing.assert_array_equal(
            got[name], expected[name], err_msg=f"{label} op {op.name} {op.attributes}"
        )


@pytest.mark.parametrize("first", range(0, GRAPHS, 40))
def test_random_graphs_agree_in_every_tensor(first: int) -> None:
    for seed in range(first, first + 40):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng)
        assert_same_bytes(graph, int8_inputs(graph, 3, rng), f"seed {seed}")


def test_wide_layers_agree() -> None:
    """Accumulators beyond 2**24, which float32 cannot hold."""
    rng = np.random.default_rng(77)
    options = RandomGraphOptions(min_size=2, max_size=4, max_channels=700, classifier=True)
    for seed in (4, 5):
        graph = random_graph(np.random.default_rng(seed), options)
        assert_same_bytes(graph, int8_inputs(graph, 2, rng), f"seed {seed}")


def one_op(
    attributes: Conv2D | DepthwiseConv2D | FullyConnected,
    weights: np.ndarray,
    bias: np.ndarray,
    scales: tuple[float, float, float],
    size: tuple[int, int] = (1, 1),
    zero_point: int = 0,
) -> Graph:
    """A graph of one op with (input, weight, output) scales and chosen constants."""
    x_scale, w_scale, y_scale = (float(np.float32(s)) for s in scales)
    channels = len(bias)
    if isinstance(attributes, FullyConnected):
        x_shape: tuple[int, ...] = (1, weights.shape[-1])
        y_shape: tuple[int, ...] = (1, channels)
    else:
        x_shape = (1, *size, weights.shape[-1])
        y_shape = (1, *output_size(size, attributes.window), channels)
    tensors = [
        Tensor("x", x_shape, quantisation=Quantisation((x_scale,), zero_point)),
        Tensor("w", weights.shape, DType.INT8, Quantisation((w_scale,)), True, weights),
        Tensor("b", bias.shape, DType.INT32, Quantisation((x_scale * w_scale,)), True, bias),
        Tensor("y", y_shape, quantisation=Quantisation((y_scale,), 3)),
    ]
    op = Op("y", attributes, ("x", "w", "b"), ("y",))
    return Graph("one", {t.name: t for t in tensors}, (op,), ("x",), ("y",))


@pytest.mark.parametrize("exponent", [-9, -6, -3, -1, 0])
def test_ties_agree_in_convolutions(exponent: int) -> None:
    """A power of two as the effective scale makes every other half a tie."""
    bias = np.arange(-3000, 3000, dtype=np.int32)
    weights = np.ones((len(bias), 1, 1, 1), dtype=np.int8)
    graph = one_op(Conv2D(Window((1, 1))), weights, bias, (0.5, 0.5, 0.25 * 2.0**-exponent))
    assert_same_bytes(graph, {"x": np.zeros((1, 1, 1, 1), dtype=np.int8)})


@pytest.mark.parametrize("exponent", [-9, -6, -3, -1, 0])
def test_ties_agree_in_fully_connected(exponent: int) -> None:
    bias = np.arange(-3000, 3000, dtype=np.int32)
    weights = np.ones((len(bias), 1), dtype=np.int8)
    graph = one_op(FullyConnected(), weights, bias, (0.5, 0.5, 0.25 * 2.0**-exponent))
    assert_same_bytes(graph, {"x": np.zeros((1, 1), dtype=np.int8)})


@pytest.mark.parametrize("factor", [1.5, 3.0, 40.0])
def test_multipliers_above_one_agree_where_the_shift_wraps_too(factor: float) -> None:
    rng = np.random.default_rng(5)
    bias = rng.integers(-(1 << 30), 1 << 30, 2000).astype(np.int32)
    bias[:1000] = rng.integers(-200, 200, 1000)
    weights = np.ones((len(bias), 1, 1, 1), dtype=np.int8)
    graph = one_op(Conv2D(Window((1, 1))), weights, bias, (1.0, factor, 1.0))
    assert_same_bytes(graph, {"x": np.zeros((1, 1, 1, 1), dtype=np.int8)})


def test_random_scales_agree_over_many_accumulators() -> None:
    rng = np.random.default_rng(6)
    for attributes in (Conv2D(Window((1, 1))), FullyConnected(Activation.RELU6)):
        for _ in range(10):
            scales = (rng.uniform(0.01, 0.05), rng.uniform(0.001, 0.01), rng.uniform(0.02, 0.1))
            reach = int(140 * scales[2] / scales[0] / scales[1])
            bias = rng.integers(-reach, reach, 2000).astype(np.int32)
            shape = (len(bias), 1, 1, 1) if isinstance(attributes, Conv2D) else (len(bias), 1)
            graph = one_op(attributes, np.ones(shape, dtype=np.int8), bias, scales)
            x = np.zeros((1, *graph.tensors["x"].shape[1:]), dtype=np.int8)
            assert_same_bytes(graph, {"x": x})


def two_inputs(attributes: Add, quantisations: tuple[Quantisation, ...]) -> Graph:
    tensors = [
        Tensor(name, (1, 16, 16, 256), quantisation=q)
        for name, q in zip("aby", quantisations, strict=True)
    ]
    op = Op("y", attributes, ("a", "b"), ("y",))
    return Graph("two", {t.name: t for t in tensors}, (op,), ("a", "b"), ("y",))


def test_add_agrees_on_every_pair_of_bytes() -> None:
    rng = np.random.default_rng(8)
    pairs = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))).astype(np.int8)
    a, b = pairs.reshape(2, 1, 16, 16, 256)
    for trial in range(25):
        activation = list(Activation)[trial % 3]
        scales = (2.0 ** rng.uniform(-8, 0, 3)).astype(np.float32)
        if trial % 5 == 0:
            scales = (2.0 ** rng.integers(-8, 0, 3)).astype(np.float32)
        points = rng.integers(-128, 128, 3)
        quantisations = tuple(
            Quantisation((float(s),), int(z)) for s, z in zip(scales, points, strict=True)
        )
        assert_same_bytes(two_inputs(Add(activation), quantisations), {"a": a, "b": b})


@pytest.mark.parametrize("keep_dims", [True, False])
def test_mean_agrees_for_many_sizes_and_scales(keep_dims: bool) -> None:
    rng = np.random.default_rng(9)
    for trial in range(60):
        rows, columns = (int(v) for v in rng.integers(1, 26, 2))
        ratio = 1.0 if trial % 3 == 0 else float(2.0 ** rng.uniform(-3, 3))
        x_scale = float(np.float32(rng.uniform(0.01, 0.1)))
        y_scale = float(np.float32(x_scale * ratio))
        z = [int(v) for v in rng.integers(-128, 128, 2)]
        y_shape = (1, 1, 1, 33) if keep_dims else (1, 33)
        tensors = {
            "x": Tensor("x", (1, rows, columns, 33), quantisation=Quantisation((x_scale,), z[0])),
            "y": Tensor("y", y_shape, quantisation=Quantisation((y_scale,), z[1])),
        }
        graph = Graph("mean", tensors, (Op("y", Mean(), ("x",), ("y",)),), ("x",), ("y",))
        base = rng.integers(-128, 100, (4, 1, 1, 33))
        x = np.clip(base + rng.integers(0, 90, (4, rows, columns, 33)), -128, 127)
        assert_same_bytes(graph, {"x": x.astype(np.int8)}, f"trial {trial}")


def test_explicit_padding_is_written_as_pad_and_stays_exact() -> None:
    rng = np.random.default_rng(10)
    window = Window((3, 3), (2, 2), (1, 1, 1, 1))
    weights = rng.integers(-127, 128, (5, 3, 3, 2)).astype(np.int8)
    bias = rng.integers(-500, 500, 5).astype(np.int32)
    graph = one_op(Conv2D(window), weights, bias, (0.02, 0.01, 0.3), (8, 8), zero_point=-7)
    assert [op.kind for op in express_padding(graph).ops] == ["Pad", "Conv2D"]
    x = int8_inputs(graph, 4, rng)
    assert_same_bytes(graph, x)
    padded = express_padding(graph)
    np.testing.assert_array_equal(run(graph, x)["y"], run(padded, x)["y"])


def test_a_graph_that_holds_a_pad_is_written_as_it_is() -> None:
    quantisation = Quantisation((0.5,), 9)
    tensors = [Tensor("x", (1, 3, 4, 2), quantisation=quantisation)]
    tensors.append(Tensor("y", (1, 6, 4, 5), quantisation=quantisation))
    op = Op("y", Pad(((0, 0), (1, 2), (0, 0), (3, 0))), ("x",), ("y",))
    graph = Graph("pad", {t.name: t for t in tensors}, (op,), ("x",), ("y",))
    assert_same_bytes(graph, int8_inputs(graph, 2, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        (Conv2D(Window((3, 3))), (5, 3, 3, 2)),
        (DepthwiseConv2D(Window((3, 3))), (1, 3, 3, 5)),
        (FullyConnected(), (5, 9)),
    ],
)
def test_an_op_without_bias_agrees(
    attributes: Conv2D | DepthwiseConv2D | FullyConnected, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(12)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    zeros = np.zeros(5, dtype=np.int32)
    graph = one_op(attributes, weights, zeros, (0.02, 0.01, 0.3), (5, 5))
    graph = replace(graph, ops=(replace(graph.ops[0], inputs=("x", "w", "")),))
    assert_same_bytes(graph, int8_inputs(graph, 3, rng))


def test_equal_graphs_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tflite(random_graph(np.random.default_rng(3)), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


def test_a_skeleton_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    space = load_space("tiny")
    network = network_of(Subspace(space, 1.0, 16), space.smallest, classes=4, input_channels=1)
    with pytest.raises(InvalidInputError, match="has no data"):
        write_tflite(skeleton(network), tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []
