"""Models that speak float or uint8 at their edges, with several inputs and outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from agreement import assert_agrees, kinds
from model_files import ModelFile

from tinynas.errors import InvalidInputError
from tinynas.graph.edges import run_model, signature_of, to_graph
from tinynas.graph.files import load_graph, save_graph
from tinynas.graph.ir import EdgeType
from tinynas.importer import read_tflite
from tinynas.tflite import BuiltinCode, Record


def quantised(m: ModelFile, x: int, scale: float = 0.02, zero_point: int = 5) -> int:
    shape = m.tensors[x]["shape"]
    return m.op(BuiltinCode.QUANTIZE, [x], m.tensor(shape, scale=scale, zero_point=zero_point))


def dequantised(m: ModelFile, x: int) -> int:
    shape = m.tensors[x]["shape"]
    return m.op(BuiltinCode.DEQUANTIZE, [x], m.tensor(shape, "float32"))


def unsigned(m: ModelFile, x: int, scale: float, zero_point: int) -> int:
    shape = m.tensors[x]["shape"]
    y = m.tensor(shape, "uint8", scale=scale, zero_point=zero_point)
    return m.op(BuiltinCode.QUANTIZE, [x], y)


def float_model() -> ModelFile:
    m = ModelFile()
    x = quantised(m, m.input((1, 6, 6, 3), "float32"))
    m.outputs = [dequantised(m, m.conv(x))]
    return m


def test_float_edges_are_left_to_the_host() -> None:
    graph = assert_agrees(float_model(), 40)
    assert kinds(graph) == ["Conv2D"]
    signature = signature_of(graph)
    assert [e.dtype for e in (*signature.inputs, *signature.outputs)] == [EdgeType.FLOAT32] * 2
    assert signature.inputs[0].name == "tensor0"


@pytest.mark.parametrize(("scale", "zero_point"), [(0.02, 133), (0.02, 128), (0.031, 3)])
def test_uint8_edges_are_left_to_the_host(scale: float, zero_point: int) -> None:
    m = ModelFile()
    x = m.input((1, 6, 6, 3), "uint8", scale=scale, zero_point=zero_point)
    y = m.conv(quantised(m, x))
    m.outputs = [unsigned(m, y, 0.05, 125), unsigned(m, y, 0.08, 100)]
    graph = assert_agrees(m, 40)
    assert kinds(graph) == ["Conv2D"]
    assert len(graph.outputs) == 1
    assert [e.dtype for e in signature_of(graph).outputs] == [EdgeType.UINT8] * 2


def test_int8_edges_need_no_conversion() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3)))]
    assert [e.dtype for e in signature_of(assert_agrees(m)).inputs] == [EdgeType.INT8]


def test_several_inputs_and_outputs_keep_the_models_order() -> None:
    m = ModelFile()
    a = m.input((1, 5, 5, 2), "float32")
    b = m.input((1, 5, 5, 2))
    qa = quantised(m, a, 0.04)
    total = m.tensor((1, 5, 5, 2), scale=0.09)
    m.op(BuiltinCode.ADD, [qa, b], total, Record("AddOptions"))
    y = m.conv(total, kernel=1)
    m.outputs = [dequantised(m, y), total, y]
    graph = assert_agrees(m)
    types = [e.dtype.value for e in signature_of(graph).outputs]
    assert types == ["float32", "int8", "int8"]
    assert len(graph.outputs) == 2


def test_one_float_input_may_be_quantised_twice_alike() -> None:
    m = ModelFile()
    x = m.input((1, 5, 5, 2), "float32")
    m.outputs = [m.conv(quantised(m, x)), m.conv(quantised(m, x), channels=2)]
    graph = assert_agrees(m)
    assert len(graph.inputs) == 1


def test_one_float_input_quantised_in_two_ways_is_refused() -> None:
    m = ModelFile()
    x = m.input((1, 5, 5, 2), "float32")
    m.outputs = [m.conv(quantised(m, x)), m.conv(quantised(m, x, 0.03))]
    with pytest.raises(InvalidInputError, match="quantised in two ways"):
        read_tflite(m.data())


def test_a_requantising_quantize_within_is_an_operator() -> None:
    m = ModelFile()
    m.outputs = [m.conv(quantised(m, m.input((1, 6, 6, 3)), 0.11))]
    assert kinds(assert_agrees(m)) == ["Quantize", "Conv2D"]


def test_edges_survive_a_file(tmp_path: Path) -> None:
    graph = read_tflite(float_model().data())
    path = tmp_path / "graph.npz"
    save_graph(graph, path)
    assert load_graph(path) == graph
    assert load_graph(path).signature == graph.signature


@pytest.mark.parametrize("wrong", ["number", "type", "shape", "nan"])
def test_wrong_model_inputs_say_what_is_expected(wrong: str) -> None:
    graph = read_tflite(float_model().data())
    x = np.zeros((2, 6, 6, 3), dtype=np.float32)
    inputs = {
        "number": [x, x],
        "type": [x.astype(np.int8)],
        "shape": [x[:, :5]],
        "nan": [np.full_like(x, np.nan)],
    }[wrong]
    with pytest.raises(InvalidInputError, match="input"):
        run_model(graph, inputs)


def test_infinities_saturate() -> None:
    graph = read_tflite(float_model().data())
    x = np.zeros((2, 6, 6, 3), dtype=np.float32)
    x[0], x[1] = np.inf, -np.inf
    (entered,) = to_graph(graph, [x]).values()
    assert entered[0].min() == 127
    assert entered[1].max() == -128
