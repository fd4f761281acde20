"""The further operators: what they mean, and that graphs of them are saved whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinynas.graph.arithmetic import nearest_indices, requantisation
from tinynas.graph.arithmetic.softmax import SoftmaxConstants, reciprocal
from tinynas.graph.arithmetic.tables import LookupTable
from tinynas.graph.files import load_graph, save_graph
from tinynas.graph.ir import (
    Activation,
    Attributes,
    AveragePool2D,
    Graph,
    HardSwish,
    Logistic,
    Op,
    Quantisation,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Tensor,
    Window,
)
from tinynas.graph.random_operators import random_operators
from tinynas.graph.reference import run

ALL_BYTES = np.arange(-128, 128)


def one_op(
    attributes: Attributes, x: Quantisation, y: Quantisation, shape: tuple[int, ...] = (1, 256)
) -> Graph:
    tensors = {"x": Tensor("x", shape, quantisation=x), "y": Tensor("y", shape, quantisation=y)}
    return Graph("one", tensors, (Op("y", attributes, ("x",), ("y",)),), ("x",), ("y",))


@pytest.mark.parametrize(
    ("attributes", "meaning"),
    [
        (Relu(Activation.RELU), lambda x: np.maximum(x, 0)),
        (Relu(Activation.RELU6), lambda x: np.clip(x, 0, 6)),
        (Quantize(), lambda x: x),
        (Tanh(), np.tanh),
        (Logistic(), lambda x: 1 / (1 + np.exp(-x))),
        (HardSwish(), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    ],
)
def test_tables_are_the_function_to_within_a_step(attributes: Attributes, meaning: object) -> None:
    assert callable(meaning)
    x_scale, x_zero = 0.0625, -10
    step = 1 / 256 if isinstance(attributes, Logistic) else 0.07
    graph = one_op(attributes, Quantisation((x_scale,), x_zero), Quantisation((step,), -100))
    table = requantisation(graph, graph.ops[0])
    assert isinstance(table, LookupTable)
    exact = meaning((ALL_BYTES - x_zero) * x_scale) / step - 100
    inside = np.abs(exact) < 127
    assert inside.sum() > 50
    assert np.abs(table.values - exact)[inside].max() <= 1.0


def softmax_of(scale: float, beta: float = 1.0) -> SoftmaxConstants:
    x, y = Quantisation((scale,), 3), Quantisation((1 / 256,), -128)
    graph = one_op(Softmax(beta), x, y, (1, 10))
    constants = requantisation(graph, graph.ops[0])
    assert isinstance(constants, SoftmaxConstants)
    return constants


@pytest.mark.parametrize("scale", [0.003, 0.05, 0.4])
def test_softmax_is_within_a_step_of_the_real_one(scale: float) -> None:
    x = np.random.default_rng(0).integers(-128, 128, (500, 10))
    real = np.exp((x - x.max(axis=-1, keepdims=True)) * scale)
    real /= real.sum(axis=-1, keepdims=True)
    got = softmax_of(scale).apply(x)
    assert np.abs(got + 128 - np.minimum(real * 256, 255)).max() <= 0.51


def test_softmax_leaves_out_what_is_far_below() -> None:
    exponentials = softmax_of(0.4).exponentials
    assert exponentials[0] == 2**31 - 1
    assert (np.diff(exponentials.astype(np.int64)) <= 0).all()
    assert exponentials[-1] == 0


def test_reciprocals_are_good_to_eight_digits() -> None:
    x = np.random.default_rng(0).integers(1 << 19, 1 << 28, 10_000)
    mantissa, exponent = reciprocal(x)
    inverse = np.ldexp(mantissa / 2.0**31, -exponent.astype(np.int32))
    assert np.abs(inverse * (x / 2.0**19) - 1).max() < 1e-8


def test_long_rows_are_refused() -> None:
    y = Quantisation((1 / 256,), -128)
    graph = one_op(Softmax(), Quantisation((0.1,)), y, (1, 4096))
    with pytest.raises(ValueError, match="4096, more than 4095"):
        requantisation(graph, graph.ops[0])


def test_averages_round_half_away_and_leave_out_the_padding() -> None:
    window = Window((2, 2), (2, 2), (0, 1, 0, 1))
    scale = Quantisation((0.1,), 17)
    tensors = {
        "x": Tensor("x", (1, 3, 3, 1), quantisation=scale),
        "y": Tensor("y", (1, 2, 2, 1), quantisation=scale),
    }
    op = Op("y", AveragePool2D(window), ("x",), ("y",))
    graph = Graph("one", tensors, (op,), ("x",), ("y",))
    x = np.array([[1, 2, 5], [2, 1, -6], [-3, -4, 9]], dtype=np.int8).reshape(1, 3, 3, 1)
    assert run(graph, {"x": x})["y"].ravel().tolist() == [2, -1, -4, 9]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (ResizeNearest(), [0, 0, 1, 1, 2]),
        (ResizeNearest(align_corners=True), [0, 1, 1, 2, 2]),
        (ResizeNearest(half_pixel_centers=True), [0, 0, 1, 2, 2]),
    ],
)
def test_nearest_rows(attributes: ResizeNearest, expected: list[int]) -> None:
    assert nearest_indices(attributes, 3, 5).tolist() == expected


def test_an_operator_that_moves_bytes_requantises_nothing() -> None:
    scale = Quantisation((0.1,))
    graph = one_op(Reshape(), scale, scale)
    with pytest.raises(ValueError, match="moves bytes"):
        requantisation(graph, graph.ops[0])


def test_graphs_of_all_operators_are_saved_whole(tmp_path: Path) -> None:
    for seed in range(20):
        graph = random_operators(np.random.default_rng(seed))
        assert random_operators(np.random.default_rng(seed)) == graph
        path = tmp_path / f"{seed}.npz"
        save_graph(graph, path)
        loaded = load_graph(path)
        assert loaded == graph
        for name, tensor in graph.tensors.items():
            if tensor.constant:
                np.testing.assert_array_equal(loaded.tensors[name].data, tensor.data)
