"""Operators as files say them, in spellings that our own exporter does not use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import assert_agrees, kinds
from model_files import ModelFile

from tinynas.graph.ir import Conv2D, Graph, Softmax
from tinynas.importer import read_tflite
from tinynas.tflite import BuiltinCode, Record


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("size", "stride"), [((7, 8), 2), ((6, 5), 1), ((9, 4), 3)])
def test_same_and_valid_become_explicit(padding: int, size: tuple[int, int], stride: int) -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, *size, 2)), stride=stride, padding=padding)]
    graph = assert_agrees(m)
    attributes = graph.ops[0].attributes
    assert isinstance(attributes, Conv2D)
    assert any(attributes.window.padding) is (padding == 0)


@pytest.mark.parametrize("activation", [0, 1, 3])
def test_fused_activations(activation: int) -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 2)), activation=activation)]
    assert_agrees(m)


def test_a_missing_bias_is_zero() -> None:
    m = ModelFile()
    x = m.input((1, 4, 4, 8))
    weights = np.random.default_rng(0).integers(-127, 128, (5, 128))
    w = m.tensor(weights.shape, scale=0.01, data=weights)
    y = m.tensor((1, 5), scale=0.3)
    options = Record("FullyConnectedOptions")
    m.outputs = [m.op(BuiltinCode.FULLY_CONNECTED, [x, w], y, options, version=6)]
    graph = assert_agrees(m)
    bias = graph.tensors[graph.ops[0].inputs[2]]
    assert bias.data is not None
    assert not bias.data.any()


def test_weights_with_one_scale_for_all() -> None:
    m = ModelFile()
    x = m.input((1, 6, 6, 3))
    weights = np.random.default_rng(0).integers(-127, 128, (4, 3, 3, 3))
    w = m.tensor(weights.shape, scale=0.004, data=weights)
    b = m.tensor((4,), "int32", scale=0.0002, data=[10, -200, 3000, 0])
    fields = {"padding": 0, "stride_h": 1, "stride_w": 1}
    y = m.tensor((1, 6, 6, 4), scale=0.05)
    m.outputs = [
        m.op(BuiltinCode.CONV_2D, [x, w, b], y, Record("Conv2DOptions", fields), version=3)
    ]
    assert_agrees(m)


def test_a_dynamic_batch_is_a_batch_of_one() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.input((1, 6, 6, 3), shape_signature=[-1, 6, 6, 3]))]
    assert assert_agrees(m).tensors["tensor0"].shape == (1, 6, 6, 3)


def test_a_shape_that_the_model_computes_is_known() -> None:
    """Exporters with a dynamic batch flatten by SHAPE, STRIDED_SLICE, PACK and RESHAPE."""
    m = ModelFile()
    x = m.conv(m.input((1, 5, 5, 2), shape_signature=[-1, 5, 5, 2]))
    shape = m.tensor((4,), "int32", scale=None)
    m.op(BuiltinCode.SHAPE, [x], shape, Record("ShapeOptions", {"out_type": 2}), version=1)
    batch = m.tensor((), "int32", scale=None)
    fields = {"shrink_axis_mask": 1}
    ends = [m.sizes([0]), m.sizes([1]), m.sizes([1])]
    m.op(BuiltinCode.STRIDED_SLICE, [shape, *ends], batch, Record("StridedSliceOptions", fields), 1)
    packed = m.tensor((2,), "int32", scale=None)
    fields = {"values_count": 2}
    m.op(BuiltinCode.PACK, [batch, m.sizes(36)], packed, Record("PackOptions", fields), 1)
    y = m.tensor((1, 36), scale=0.05, zero_point=-3)
    m.outputs = [m.op(BuiltinCode.RESHAPE, [x, packed], y, version=1)]
    graph = assert_agrees(m)
    assert kinds(graph) == ["Conv2D", "Reshape"]


def chain(code: BuiltinCode, shape: Any, extra: Any, out: Any, options: Record | None) -> Graph:
    """One operator of an int8 input, a list of sizes if any, and options."""
    m = ModelFile()
    inputs = [m.input(shape)]
    if extra is not None:
        inputs.append(m.sizes(extra))
    m.outputs = [m.op(code, inputs, m.tensor(out), options, version=1)]
    return assert_agrees(m)


@pytest.mark.parametrize("dims", [[1, 2], [-2, 1], []])
def test_squeeze(dims: list[int]) -> None:
    options = Record("SqueezeOptions", {"squeeze_dims": dims})
    m = ModelFile()
    x = m.input((1, 1, 1, 6))
    y = m.op(BuiltinCode.SQUEEZE, [x], m.tensor((1, 6) if dims else (6,)), options, version=1)
    m.outputs = [y]
    if dims:
        assert kinds(assert_agrees(m)) == ["Reshape"]
    else:
        with pytest.raises(Exception, match=r"its output would have shape \[6\]"):
            read_tflite(m.data())


@pytest.mark.parametrize(("axis", "out"), [(1, (1, 1, 4, 6)), (-1, (1, 4, 6, 1))])
def test_expand_dims(axis: int, out: tuple[int, ...]) -> None:
    options = Record("ExpandDimsOptions")
    assert kinds(chain(BuiltinCode.EXPAND_DIMS, (1, 4, 6), [axis], out, options)) == ["Reshape"]


@pytest.mark.parametrize("wanted", [(1, -1), (-1, 24), (1, 2, 12)])
def test_reshape_finds_the_missing_size(wanted: tuple[int, ...]) -> None:
    out = (1, 2, 12) if len(wanted) == 3 else (1, 24)
    chain(BuiltinCode.RESHAPE, (1, 4, 6), wanted, out, None)


def test_reshape_by_its_options() -> None:
    options = Record("ReshapeOptions", {"new_shape": [1, -1]})
    assert chain(BuiltinCode.RESHAPE, (1, 4, 6), None, (1, 24), options)


@pytest.mark.parametrize(
    ("shape", "axes", "keep", "out", "expected"),
    [
        ((1, 4, 6, 3), [1, 2], True, (1, 1, 1, 3), ["Mean"]),
        ((1, 4, 6, 3), [2, 1], False, (1, 3), ["Mean"]),
        ((1, 4, 6, 3), [-3, -2], False, (1, 3), ["Mean"]),
        ((1, 3, 4, 6), [2, 3], False, (1, 3), ["Transpose", "Mean"]),
        ((1, 3, 4, 6), [2, 3], True, (1, 3, 1, 1), ["Transpose", "Mean", "Reshape"]),
        ((1, 9, 5), [1], False, (1, 5), ["Reshape", "Mean"]),
        ((1, 9, 5), [1], True, (1, 1, 5), ["Reshape", "Mean", "Reshape"]),
        ((1, 9, 5), [2], False, (1, 9), ["Transpose", "Reshape", "Mean"]),
        ((1, 7, 1, 5), [1], True, (1, 1, 1, 5), ["Mean"]),
        ((1, 7, 1, 5), [1], False, (1, 1, 5), ["Mean", "Reshape"]),
        ((1, 1, 1, 5), [1, 2], False, (1, 5), ["Mean"]),
        ((1, 5), [1], True, (1, 1), ["Reshape", "Mean"]),
    ],
)
def test_mean_over_other_dimensions(
    shape: Any, axes: Any, keep: bool, out: Any, expected: list[str]
) -> None:
    m = ModelFile()
    y = m.tensor(out, scale=0.03, zero_point=11)
    options = Record("ReducerOptions", {"keep_dims": keep})
    m.outputs = [m.op(BuiltinCode.MEAN, [m.input(shape), m.sizes(axes)], y, options)]
    assert kinds(assert_agrees(m, 30)) == expected


def test_transposes_that_move_ones_are_reshapes() -> None:
    options = Record("TransposeOptions")
    found = kinds(chain(BuiltinCode.TRANSPOSE, (1, 4, 1, 6), [0, 2, 1, 3], (1, 1, 4, 6), options))
    assert found == ["Reshape"]


def test_a_transpose_may_exchange_the_batch_with_another_one() -> None:
    options = Record("TransposeOptions")
    graph = chain(BuiltinCode.TRANSPOSE, (1, 4, 1, 6), [2, 3, 0, 1], (1, 6, 1, 4), options)
    assert kinds(graph) == ["Transpose"]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_paddings_of_both_widths(dtype: str) -> None:
    m = ModelFile()
    paddings = m.sizes([[0, 0], [1, 0], [0, 2]], dtype)
    y = m.tensor((1, 5, 8))
    m.outputs = [m.op(BuiltinCode.PAD, [m.input((1, 4, 6)), paddings], y, Record("PadOptions"))]
    assert kinds(assert_agrees(m)) == ["Pad"]


def test_a_negative_axis_of_a_concatenation() -> None:
    m = ModelFile()
    a, b = m.input((1, 4, 6)), m.input((1, 4, 2))
    c = m.tensor((1, 4, 1), data=[[[9]] * 4])
    options = Record("ConcatenationOptions", {"axis": -1})
    m.outputs = [m.op(BuiltinCode.CONCATENATION, [a, b, c], m.tensor((1, 4, 9)), options)]
    assert kinds(assert_agrees(m)) == ["Concat"]


def test_a_hard_sigmoid_of_constants() -> None:
    """relu6(x + 3) / 6, as it is written where there is no operator for it."""
    m = ModelFile()
    x = m.input((1, 4, 4, 3), scale=0.05)
    three = m.tensor((), scale=0.0235, zero_point=-128, data=0)
    y = m.tensor((1, 4, 4, 3), scale=0.0235, zero_point=-128)
    m.op(BuiltinCode.ADD, [x, three], y, Record("AddOptions", {"activation": 3}))
    sixth = m.tensor((), scale=0.00131, zero_point=-128, data=0)
    z = m.tensor((1, 4, 4, 3), scale=0.004, zero_point=-128)
    m.outputs = [m.op(BuiltinCode.MUL, [sixth, y], z, Record("MulOptions"))]
    assert kinds(assert_agrees(m)) == ["Add", "Mul"]


def test_softmax_keeps_beta() -> None:
    options = Record("SoftmaxOptions", {"beta": 0.5})
    m = ModelFile()
    y = m.tensor((1, 9), scale=1 / 256, zero_point=-128)
    m.outputs = [m.op(BuiltinCode.SOFTMAX, [m.input((1, 9), scale=0.1)], y, options)]
    assert assert_agrees(m, 50).ops[0].attributes == Softmax(0.5)


def test_nearest_resizing_with_both_flags() -> None:
    m = ModelFile()
    fields = {"align_corners": True, "half_pixel_centers": True}
    options = Record("ResizeNearestNeighborOptions", fields)
    inputs = [m.input((1, 4, 5, 3)), m.sizes([9, 7])]
    y = m.tensor((1, 9, 7, 3))
    m.outputs = [m.op(BuiltinCode.RESIZE_NEAREST_NEIGHBOR, inputs, y, options, version=3)]
    assert_agrees(m)


def test_shared_weights_are_stored_once() -> None:
    m = ModelFile()
    x = m.input((1, 1, 1, 6))
    weights = np.random.default_rng(0).integers(-127, 128, (6, 6))
    w = m.tensor((6, 6), scale=0.01, data=weights)
    for _ in range(2):
        y = m.tensor((1, 6), scale=0.1)
        options = Record("FullyConnectedOptions")
        x = m.op(BuiltinCode.FULLY_CONNECTED, [x, w], y, options, version=6)
    m.outputs = [x]
    graph = assert_agrees(m)
    assert graph.ops[0].inputs[1] == graph.ops[1].inputs[1]


def test_names_that_two_tensors_share_become_two() -> None:
    m = ModelFile()
    m.outputs = [m.conv(m.conv(m.input((1, 7, 7, 2))))]
    for tensor in m.tensors:
        tensor["name"] = "same;other"
    graph = assert_agrees(m)
    assert graph.inputs == ("same",)
    assert [op.outputs[0] for op in graph.ops] == ["same.2", "same.3"]


@pytest.mark.parametrize("code", [BuiltinCode.AVERAGE_POOL_2D, BuiltinCode.MAX_POOL_2D])
def test_pools_copy_bytes_whatever_the_scales_say(code: BuiltinCode) -> None:
    m = ModelFile()
    fields = {"padding": 0, "stride_h": 2, "stride_w": 2, "filter_h": 3, "filter_w": 3}
    y = m.tensor((1, 3, 3, 2), scale=0.2, zero_point=40)
    m.outputs = [m.op(code, [m.input((1, 5, 6, 2))], y, Record("Pool2DOptions", fields))]
    assert_agrees(m)


def test_a_reshape_to_another_scale_is_no_mere_view() -> None:
    """LiteRT copies the bytes, and what reads them takes them on the new scale."""
    m = ModelFile()
    x = m.conv(m.input((1, 5, 5, 2)))
    y = m.tensor((1, 3, 3, 4), scale=0.2, zero_point=40)
    m.op(BuiltinCode.RESHAPE, [x, m.sizes([1, 3, 3, 4])], y, version=1)
    m.outputs = [m.conv(y)]
    assert kinds(assert_agrees(m)) == ["Conv2D", "Reshape", "Conv2D"]
