"""What an imported graph no longer does on the device, and still the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import assert_agrees, kinds
from model_files import ModelFile

from tinynas.graph.ir import Conv2D, DepthwiseConv2D, FullyConnected, MaxPool2D
from tinynas.tflite import BuiltinCode, Record

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def padded(m: ModelFile, x: int, amounts: tuple[int, ...], value: int | None = None) -> int:
    """PAD by (top, bottom, left, right), or PADV2 with a value."""
    top, bottom, left, right = amounts
    _, rows, columns, channels = m.tensors[x]["shape"]
    shape = (1, rows + top + bottom, columns + left + right, channels)
    scale = m.tensors[x]["quantization"].fields
    y = m.tensor(shape, scale=scale["scale"][0], zero_point=scale["zero_point"][0])
    paddings = m.sizes([[0, 0], [top, bottom], [left, right], [0, 0]])
    if value is None:
        return m.op(BuiltinCode.PAD, [x, paddings], y, Record("PadOptions"))
    filler = m.tensor((1,), scale=scale["scale"][0], zero_point=scale["zero_point"][0], data=value)
    return m.op(BuiltinCode.PADV2, [x, paddings, filler], y, Record("PadV2Options"))


def transposed(m: ModelFile, x: int, permutation: tuple[int, ...]) -> int:
    shape = tuple(m.tensors[x]["shape"][axis] for axis in permutation)
    scale = m.tensors[x]["quantization"].fields
    y = m.tensor(shape, scale=scale["scale"][0], zero_point=scale["zero_point"][0])
    return m.op(BuiltinCode.TRANSPOSE, [x, m.sizes(permutation)], y, Record("TransposeOptions"))


def reshaped(m: ModelFile, x: int, shape: tuple[int, ...]) -> int:
    scale = m.tensors[x]["quantization"].fields
    y = m.tensor(shape, scale=scale["scale"][0], zero_point=scale["zero_point"][0])
    return m.op(BuiltinCode.RESHAPE, [x, m.sizes(shape)], y, version=1)


def dense(m: ModelFile, x: int, channels: int = 5, keep: bool = False) -> int:
    depth = m.tensors[x]["shape"][-1]
    weights = np.random.default_rng(3).integers(-127, 128, (channels, depth))
    w = m.tensor(weights.shape, scale=0.01, data=weights)
    shape = (*m.tensors[x]["shape"][:-1], channels) if keep else (1, channels)
    options = Record("FullyConnectedOptions", {"keep_num_dims": keep})
    y = m.tensor(shape, scale=0.1)
    return m.op(BuiltinCode.FULLY_CONNECTED, [x, w, -1], y, options, version=6)


@pytest.mark.parametrize("amounts", [(1, 1, 1, 1), (0, 1, 0, 1), (2, 0, 1, 2)])
def test_a_pad_becomes_part_of_the_convolution(amounts: tuple[int, ...]) -> None:
    m = ModelFile()
    x = m.input((1, 7, 7, 3), zero_point=9)
    m.outputs = [m.conv(padded(m, x, amounts))]
    graph = assert_agrees(m)
    (op,) = graph.ops
    assert isinstance(op.attributes, Conv2D)
    assert op.attributes.window.padding == amounts


def test_a_pad_adds_to_same_padding() -> None:
    m = ModelFile()
    m.outputs = [m.conv(padded(m, m.input((1, 7, 7, 3)), (1, 0, 0, 1)), padding=0)]
    (op,) = assert_agrees(m).ops
    assert isinstance(op.attributes, Conv2D)
    assert op.attributes.window.padding == (2, 1, 1, 2)


def test_a_pad_becomes_part_of_the_depthwise_convolution() -> None:
    m = ModelFile()
    wide = padded(m, m.input((1, 6, 6, 3), zero_point=-7), (1, 1, 1, 1))
    weights = np.random.default_rng(0).integers(-127, 128, (1, 3, 3, 6))
    w = m.tensor(weights.shape, scale=[0.01] * 6, axis=3, data=weights)
    fields = {"padding": 1, "stride_h": 2, "stride_w": 2, "depth_multiplier": 2}
    options = Record("DepthwiseConv2DOptions", fields)
    y = m.tensor((1, 3, 3, 6), scale=0.1)
    m.outputs = [m.op(BuiltinCode.DEPTHWISE_CONV_2D, [wide, w], y, options, version=3)]
    (op,) = assert_agrees(m).ops
    assert isinstance(op.attributes, DepthwiseConv2D)
    assert (op.attributes.multiplier, op.attributes.window.padding) == (2, (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("zero_point", "value", "fused"), [(-128, None, True), (0, -128, True), (0, None, False)]
)
def test_a_pad_before_a_maximum(zero_point: int, value: int | None, fused: bool) -> None:
    m = ModelFile()
    x = padded(m, m.input((1, 6, 6, 3), zero_point=zero_point), (1, 1, 1, 1), value)
    fields = {"padding": 1, "stride_h": 2, "stride_w": 2, "filter_h": 3, "filter_w": 3}
    y = m.tensor((1, 3, 3, 3), zero_point=zero_point)
    m.outputs = [m.op(BuiltinCode.MAX_POOL_2D, [x], y, Record("Pool2DOptions", fields))]
    graph = assert_agrees(m, 20)
    assert kinds(graph) == (["MaxPool2D"] if fused else ["Pad", "MaxPool2D"])
    assert isinstance(graph.ops[-1].attributes, MaxPool2D)


def test_a_pad_before_an_average_stays() -> None:
    m = ModelFile()
    x = padded(m, m.input((1, 6, 6, 3)), (1, 1, 1, 1))
    fields = {"padding": 1, "stride_h": 1, "stride_w": 1, "filter_h": 3, "filter_w": 3}
    y = m.tensor((1, 6, 6, 3))
    m.outputs = [m.op(BuiltinCode.AVERAGE_POOL_2D, [x], y, Record("Pool2DOptions", fields))]
    assert kinds(assert_agrees(m)) == ["Pad", "AveragePool2D"]


def test_a_pad_with_another_value_stays() -> None:
    m = ModelFile()
    m.outputs = [m.conv(padded(m, m.input((1, 6, 6, 3)), (1, 1, 1, 1), 50))]
    assert kinds(assert_agrees(m)) == ["Pad", "Conv2D"]


def test_a_pad_wider_than_the_kernel_stays() -> None:
    m = ModelFile()
    m.outputs = [m.conv(padded(m, m.input((1, 6, 6, 3)), (3, 0, 0, 0)))]
    assert kinds(assert_agrees(m)) == ["Pad", "Conv2D"]


def test_a_pad_that_is_an_output_too_stays() -> None:
    m = ModelFile()
    wide = padded(m, m.input((1, 6, 6, 3)), (1, 1, 1, 1))
    m.outputs = [wide, m.conv(wide)]
    assert sorted(kinds(assert_agrees(m))) == ["Conv2D", "Pad"]


def test_transposes_around_functions_cancel() -> None:
    """What exporters of NCHW models write: everything but the convolutions is NCHW."""
    m = ModelFile()
    x = transposed(m, m.conv(m.input((1, 8, 6, 3))), TO_NCHW)
    y = m.op(BuiltinCode.RELU, [x], m.tensor((1, 4, 6, 4), scale=0.03, zero_point=-128))
    skip = m.tensor((1, 4, 6, 4), scale=0.06)
    m.op(BuiltinCode.ADD, [x, y], skip, Record("AddOptions"))
    join = m.tensor((1, 8, 6, 4), scale=0.06)
    options = Record("ConcatenationOptions", {"axis": 1})
    m.op(BuiltinCode.CONCATENATION, [skip, skip], join, options)
    m.outputs = [m.conv(transposed(m, join, TO_NHWC))]
    assert kinds(assert_agrees(m)) == ["Conv2D", "Relu", "Add", "Concat", "Conv2D"]


def test_squeeze_and_excite_in_nchw_needs_no_transpose() -> None:
    m = ModelFile()
    x = transposed(m, m.conv(m.input((1, 8, 6, 3))), TO_NCHW)
    mean = m.tensor((1, 4, 1, 1), scale=0.05)
    m.op(
        BuiltinCode.MEAN, [x, m.sizes([2, 3])], mean, Record("ReducerOptions", {"keep_dims": True})
    )
    gate = m.op(
        BuiltinCode.LOGISTIC, [mean], m.tensor((1, 4, 1, 1), scale=1 / 256, zero_point=-128)
    )
    y = m.tensor((1, 4, 6, 4), scale=0.03)
    m.op(BuiltinCode.MUL, [x, gate], y, Record("MulOptions"))
    m.outputs = [m.conv(transposed(m, y, TO_NHWC))]
    found = kinds(assert_agrees(m))
    assert "Transpose" not in found
    assert [k for k in found if k != "Reshape"] == ["Conv2D", "Mean", "Logistic", "Mul", "Conv2D"]


def test_a_pad_in_nchw_is_fused_too() -> None:
    m = ModelFile()
    x = transposed(m, m.conv(m.input((1, 8, 6, 3))), TO_NCHW)
    wide = m.tensor((1, 4, 8, 6), scale=0.05, zero_point=-3)
    paddings = m.sizes([[0, 0], [0, 0], [1, 1], [1, 1]])
    m.op(BuiltinCode.PAD, [x, paddings], wide, Record("PadOptions"))
    m.outputs = [m.conv(transposed(m, wide, TO_NHWC))]
    assert kinds(assert_agrees(m)) == ["Conv2D", "Conv2D"]


def test_a_lone_transpose_is_executed() -> None:
    m = ModelFile()
    m.outputs = [m.conv(transposed(m, m.input((1, 3, 6, 5)), TO_NHWC))]
    assert kinds(assert_agrees(m)) == ["Transpose", "Conv2D"]


def test_a_transpose_before_flattening_goes_into_the_weights() -> None:
    m = ModelFile()
    x = transposed(m, m.conv(m.input((1, 6, 5, 3))), TO_NCHW)
    m.outputs = [dense(m, reshaped(m, x, (1, 48)))]
    graph = assert_agrees(m)
    assert kinds(graph) == ["Conv2D", "FullyConnected"]
    assert sum(t.constant for t in graph.tensors.values()) == 4


def test_a_transpose_of_ones_is_a_reshape_and_goes_too() -> None:
    m = ModelFile()
    x = m.conv(m.input((1, 3, 3, 3)))
    m.outputs = [dense(m, reshaped(m, transposed(m, x, TO_NCHW), (1, 4)))]
    assert kinds(assert_agrees(m)) == ["Conv2D", "FullyConnected"]


def test_transposed_and_reshaped_weights_are_computed_now() -> None:
    m = ModelFile()
    x = m.input((1, 1, 1, 6))
    weights = np.random.default_rng(2).integers(-127, 128, (3, 2, 4))
    raw = m.tensor(weights.shape, scale=0.02, data=weights)
    flat = reshaped(m, raw, (6, 4))
    turned = m.tensor((4, 6), scale=0.02)
    m.op(BuiltinCode.TRANSPOSE, [flat, m.sizes([1, 0])], turned, Record("TransposeOptions"))
    y = m.tensor((1, 4), scale=0.1)
    options = Record("FullyConnectedOptions")
    m.outputs = [m.op(BuiltinCode.FULLY_CONNECTED, [x, turned, -1], y, options, version=6)]
    graph = assert_agrees(m, 30)
    assert kinds(graph) == ["FullyConnected"]


def test_positions_keep_their_dimensions() -> None:
    m = ModelFile()
    m.outputs = [dense(m, m.input((1, 7, 6)), keep=True)]
    graph = assert_agrees(m)
    assert isinstance(graph.ops[0].attributes, FullyConnected)
    assert graph.tensors[graph.outputs[0]].shape == (1, 7, 5)
    assert graph.macs == 7 * 6 * 5


def test_a_reshape_at_an_output_stays() -> None:
    m = ModelFile()
    m.outputs = [reshaped(m, m.conv(m.input((1, 5, 5, 2))), (1, 36))]
    graph = assert_agrees(m)
    assert graph.tensors[graph.outputs[0]].shape == (1, 36)
