"""What cannot be compiled is named: operator, attributes, tensor, place; all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model_files import ModelFile

from tinynas.errors import InvalidInputError
from tinynas.importer import read_tflite
from tinynas.tflite import BuiltinCode, Record


def refusal(m: ModelFile | bytes) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read_tflite(m if isinstance(m, bytes) else m.data())
    assert caught.value.field == "model"
    return caught.value


def test_everything_is_named_at_once() -> None:
    m = ModelFile()
    x = m.conv(m.input((1, 9, 9, 3)), dilation_h=2)
    y = m.op(55, [x, x], m.tensor((1, 7, 7, 4)))
    z = m.op(BuiltinCode.LOGISTIC, [y], m.tensor((1, 7, 7, 4), scale=0.01))
    m.outputs = [m.op(32, [z], m.tensor((1, 7, 7, 4)))]
    m.codes[-1]["custom_code"] = "TFLite_Detection"
    error = refusal(m)
    problems = error.details["problems"]
    assert [p.split(",")[0] for p in problems] == [f"operator {i}" for i in range(4)]
    assert "CONV_2D writing 'tensor3': its dilation is 2x1; allowed is 1x1" in problems[0]
    assert "MAXIMUM" in problems[1]
    assert "int8 [1, 7, 7, 4] 'tensor3'" in problems[1]
    assert "LOGISTIC has output scale 1/256" in problems[2]
    assert "CUSTOM 'TFLite_Detection'" in problems[3]
    assert "4 things in it cannot be compiled" in str(error)


def test_two_problems_of_one_operator_are_both_named() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 9, 9, 3)), dilation_h=2, dilation_w=2, activation=2)]
    problems = refusal(m).details["problems"]
    assert ["dilation" in problems[0], "fused activation 2" in problems[1]] == [True, True]


def test_many_problems_are_counted_and_the_first_listed() -> None:
    m = ModelFile()
    x = m.input((1, 4))
    for _ in range(70):
        x = m.op(55, [x, x], m.tensor((1, 4)))
    m.outputs = [x]
    error = refusal(m)
    assert len(error.details["problems"]) == 70
    assert "and 50 more" in str(error)


def test_a_float_model_says_so() -> None:
    m = ModelFile()
    x = m.input((1, 8), "float32")
    w = m.tensor((4, 8), "float32", data=0.5)
    y = m.tensor((1, 4), "float32")
    m.op(BuiltinCode.FULLY_CONNECTED, [x, w, -1], y, Record("FullyConnectedOptions"))
    m.outputs = [m.op(BuiltinCode.SOFTMAX, [y], m.tensor((1, 4), "float32"))]
    error = refusal(m)
    assert "computes in floating point" in str(error)
    assert "quantise it to int8" in str(error)
    assert "dynamic range" not in str(error)


def test_a_dynamic_range_model_says_so() -> None:
    m = ModelFile()
    x = m.input((1, 8), "float32")
    w = m.tensor((4, 8), scale=0.01, data=3)
    y = m.tensor((1, 4), "float32")
    options = Record("FullyConnectedOptions")
    m.outputs = [m.op(BuiltinCode.FULLY_CONNECTED, [x, w, -1], y, options)]
    error = refusal(m)
    assert "computes in floating point" in str(error)
    assert "int8 weights (dynamic range)" in str(error)


def test_a_float_island_is_named() -> None:
    m = ModelFile()
    x = m.conv(m.input((1, 6, 6, 2)))
    f = m.op(BuiltinCode.DEQUANTIZE, [x], m.tensor((1, 4, 4, 4), "float32"))
    g = m.op(BuiltinCode.TANH, [f], m.tensor((1, 4, 4, 4), "float32"))
    m.outputs = [m.op(BuiltinCode.QUANTIZE, [g], m.tensor((1, 4, 4, 4)))]
    problems = refusal(m).details["problems"]
    assert "operator 2, TANH" in problems[0]
    assert "float32" in problems[0]


Change = Callable[[ModelFile], None]


def set_tensor(index: int, **fields: object) -> Change:
    return lambda m: m.tensors[index].update(fields)


def set_op(index: int, **fields: object) -> Change:
    return lambda m: m.operators[index].update(fields)


# The model of the cases below: input tensor0, weights tensor1, bias tensor2, output tensor3.
CASES: list[tuple[str, Change]] = [
    (r"shape \[2, 9, 9, 3\]; allowed is a batch of 1", set_tensor(0, shape=(2, 9, 9, 3))),
    (r"shape \[1, -1, 9, 3\]", set_tensor(0, shape_signature=[1, -1, 9, 3])),
    ("is int16; allowed are int8, uint8 and float32", set_tensor(0, type=7)),
    ("is uint8, not int8", set_tensor(0, type=3)),
    ("no single scale", set_tensor(0, quantization=Record("Quantization"))),
    ("grouped convolution", set_tensor(0, shape=(1, 9, 9, 6))),
    ("not NHWC", set_tensor(0, shape=(1, 9, 27))),
    ("is constant uint8; allowed is constant int8", set_tensor(1, type=3)),
    (
        "have 2 scales",
        set_tensor(1, quantization=Record("Quantization", {"scale": [1.0, 2.0]})),
    ),
    (
        "zero points other than 0",
        set_tensor(1, quantization=Record("Quantization", {"scale": [1.0], "zero_point": [4]})),
    ),
    ("allowed are 4 dimensions", set_tensor(1, shape=(4, 27))),
    ("is sparse", set_tensor(1, sparsity=Record("Quantization"))),
    ("is constant float32; allowed is constant int32", set_tensor(2, type=0)),
    ("is a variable", set_tensor(3, is_variable=True)),
    ("output is int16", set_tensor(3, type=7)),
    ("would have shape", set_tensor(0, shape=(1, 2, 2, 3))),
    ("2 inputs and 2 outputs|1 inputs", set_op(0, inputs=[0])),
    ("options are AddOptions", set_op(0, builtin_options_type=11)),
]


@pytest.mark.parametrize(("message", "change"), CASES, ids=[c[0][:30] for c in CASES])
def test_attributes_that_cannot_be_compiled(message: str, change: Change) -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 9, 9, 3)))]
    read_tflite(m.data())
    change(m)
    with pytest.raises(InvalidInputError, match=message):
        read_tflite(m.data())


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("its stride is", {"stride_h": 0}),
        ("its stride is", {"stride_w": -2}),
        ("padding is 7", {"padding": 7}),
        ("fused activation 4", {"activation": 4}),
    ],
)
def test_options_that_mean_nothing(message: str, fields: dict[str, int]) -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 9, 9, 3)), **fields)]
    with pytest.raises(InvalidInputError, match=message):
        read_tflite(m.data())


def test_concatenation_needs_one_scale() -> None:
    m = ModelFile()
    a, b = m.input((1, 4)), m.input((1, 4), scale=0.06)
    options = Record("ConcatenationOptions", {"axis": 1})
    m.outputs = [m.op(BuiltinCode.CONCATENATION, [a, b], m.tensor((1, 8)), options)]
    assert "another scale" in str(refusal(m))


def test_shapes_that_do_not_broadcast() -> None:
    m = ModelFile()
    inputs = [m.input((1, 4)), m.input((1, 3))]
    m.outputs = [m.op(BuiltinCode.ADD, inputs, m.tensor((1, 4)), Record("AddOptions"))]
    assert "do not broadcast" in str(refusal(m))


def test_accumulators_beyond_32_bits() -> None:
    m = ModelFile()
    x = m.input((1, 4))
    w = m.tensor((2, 4), data=1)
    b = m.tensor((2,), "int32", data=[2**31 - 1, 0])
    y = m.tensor((1, 2))
    m.outputs = [m.op(BuiltinCode.FULLY_CONNECTED, [x, w, b], y, Record("FullyConnectedOptions"))]
    assert "not int32" in str(refusal(m))


def test_state_and_scratch_are_named() -> None:
    m = ModelFile()
    x = m.input((1, 4))
    state = m.tensor((1, 4), is_variable=True)
    m.outputs = [m.op(BuiltinCode.ADD, [x, state], m.tensor((1, 4)), Record("AddOptions"))]
    assert "it reads tensor 1 ('tensor1'), a variable" in str(refusal(m))


def test_several_subgraphs() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3)))]
    m.extra = {"subgraphs": [Record("SubGraph"), Record("SubGraph")]}
    assert "2 subgraphs" in str(refusal(m))


def test_a_float_input_that_nothing_quantises() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3)))]
    m.input((1, 2), "float32")
    assert "float32 and no QUANTIZE to int8 reads it" in str(refusal(m))


def test_an_input_that_nothing_reads() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3)))]
    m.input((1, 2))
    assert "read by no operator" in str(refusal(m))


def test_a_model_that_computes_nothing() -> None:
    m = ModelFile()
    m.outputs = [m.input((1, 2))]
    assert "is one of the model's inputs" in str(refusal(m))


def test_a_constant_output() -> None:
    m = ModelFile()
    m.conv(m.input((1, 6, 6, 3)))
    m.outputs = [m.tensor((1, 2), data=3)]
    assert "not computed by an operator" in str(refusal(m))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read .*none\.tflite"):
        read_tflite(tmp_path / "none.tflite")


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(np.zeros(64).tobytes())
    with pytest.raises(InvalidInputError, match=r"not a sound \.tflite file"):
        read_tflite(path)
