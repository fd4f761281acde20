"""Each operator of the graph in the terms of a `.tflite` file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import (
    Activation,
    Add,
    AveragePool2D,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    HardSwish,
    Logistic,
    MaxPool2D,
    Mean,
    Mul,
    Op,
    Pad,
    Quantisation,
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Transpose,
    Window,
)
from tinynas.tflite import ActivationCode, BuiltinCode, PaddingCode, Record

_ACTIVATIONS = {
    Activation.NONE: ActivationCode.NONE,
    Activation.RELU: ActivationCode.RELU,
    Activation.RELU6: ActivationCode.RELU6,
}

_RELUS = {Activation.RELU: BuiltinCode.RELU, Activation.RELU6: BuiltinCode.RELU6}


@dataclass(frozen=True)
class Constant:
    """An input that the file stores as a tensor and the graph as an attribute."""

    name: str
    values: NDArray[np.generic]
    quantisation: Quantisation | None = None


@dataclass(frozen=True)
class Operator:
    """One operator of the file.  `version` is the first one that has int8, per channel."""

    code: BuiltinCode
    version: int
    options: Record | None
    inputs: tuple[str | Constant, ...]
    outputs: tuple[str, ...]


_Description: TypeAlias = tuple[BuiltinCode, int, Record | None]


def operator_of(graph: Graph, op: Op) -> Operator:
    """The file's operator for `op`, whose padding is SAME or VALID (see `passes`)."""
    described = _computing(graph, op) or _of_one_byte(op) or _moving(graph, op)
    return Operator(*described, (*op.inputs, *_constants(graph, op)), op.outputs)


def _computing(graph: Graph, op: Op) -> _Description | None:
    match op.attributes:
        case Conv2D(window=window, activation=activation):
            fields = _strides(window) | _activation(activation)
            return BuiltinCode.CONV_2D, 3, Record("Conv2DOptions", fields)
        case DepthwiseConv2D(window=window, activation=activation, multiplier=multiplier):
            fields = _strides(window) | _activation(activation) | {"depth_multiplier": multiplier}
            return BuiltinCode.DEPTHWISE_CONV_2D, 3, Record("DepthwiseConv2DOptions", fields)
        case FullyConnected(activation=activation):
            keep = len(graph.tensors[op.outputs[0]].shape) > 2
            fields = _activation(activation) | {"keep_num_dims": keep}
            return BuiltinCode.FULLY_CONNECTED, 5, Record("FullyConnectedOptions", fields)
        case Add(activation=activation):
            return BuiltinCode.ADD, 2, Record("AddOptions", _activation(activation))
        case Mul(activation=activation):
            return BuiltinCode.MUL, 2, Record("MulOptions", _activation(activation))
        case Mean():
            keep = len(graph.tensors[op.outputs[0]].shape) == 4
            return BuiltinCode.MEAN, 2, Record("ReducerOptions", {"keep_dims": keep})
        case AveragePool2D(window=window, activation=activation):
            return BuiltinCode.AVERAGE_POOL_2D, 2, _pool_options(window, activation)
        case MaxPool2D(window=window, activation=activation):
            return BuiltinCode.MAX_POOL_2D, 2, _pool_options(window, activation)
        case Softmax(beta=beta):
            return BuiltinCode.SOFTMAX, 2, Record("SoftmaxOptions", {"beta": beta})
        case _:
            return None


def _of_one_byte(op: Op) -> _Description | None:
    match op.attributes:
        case Relu(activation=activation):
            return _RELUS[activation], 2, None
        case Quantize():
            return BuiltinCode.QUANTIZE, 2, Record("QuantizeOptions")
        case Logistic():
            return BuiltinCode.LOGISTIC, 2, None
        case Tanh():
            return BuiltinCode.TANH, 2, None
        case HardSwish():
            return BuiltinCode.HARD_SWISH, 1, Record("HardSwishOptions")
        case _:
            return None


def _moving(graph: Graph, op: Op) -> _Description:
    match op.attributes:
        case Concat(axis=axis):
            fields = _activation(Activation.NONE) | {"axis": axis}
            return BuiltinCode.CONCATENATION, 2, Record("ConcatenationOptions", fields)
        case Pad(value=None):
            return BuiltinCode.PAD, 2, Record("PadOptions")
        case Pad():
            return BuiltinCode.PADV2, 2, Record("PadV2Options")
        case Reshape():
            fields = {"new_shape": graph.tensors[op.outputs[0]].shape}
            return BuiltinCode.RESHAPE, 1, Record("ReshapeOptions", fields)
        case Transpose():
            return BuiltinCode.TRANSPOSE, 2, Record("TransposeOptions")
        case ResizeNearest(align_corners=align, half_pixel_centers=half):
            fields = {"align_corners": align, "half_pixel_centers": half}
            options = Record("ResizeNearestNeighborOptions", fields)
            return BuiltinCode.RESIZE_NEAREST_NEIGHBOR, 3 if half else 2, options
        case attributes:
            raise ValueError(f"op {op.name}: no operator of a .tflite file says {attributes}")


def _constants(graph: Graph, op: Op) -> tuple[Constant, ...]:
    """What the file stores as inputs after those of the graph."""
    out = graph.tensors[op.outputs[0]]
    match op.attributes:
        case Mean():
            return (_integers(f"{op.name}.axes", (1, 2)),)
        case Pad(padding=padding, value=None):
            return (_integers(f"{op.name}.padding", padding),)
        case Pad(padding=padding, value=value):
            filler = Constant(f"{op.name}.value", np.array([value], np.int8), out.quantisation)
            return _integers(f"{op.name}.padding", padding), filler
        case Reshape():
            return (_integers(f"{op.name}.shape", out.shape),)
        case Transpose(permutation=permutation):
            return (_integers(f"{op.name}.permutation", permutation),)
        case ResizeNearest():
            return (_integers(f"{op.name}.size", out.shape[1:3]),)
        case _:
            return ()


def _integers(name: str, values: Any) -> Constant:
    return Constant(name, np.array(values, dtype=np.int32))


def _activation(activation: Activation) -> dict[str, Any]:
    return {"activation": _ACTIVATIONS[activation]}


def _strides(window: Window) -> dict[str, Any]:
    padding = PaddingCode.SAME if any(window.padding) else PaddingCode.VALID
    return {"padding": padding, "stride_h": window.stride[0], "stride_w": window.stride[1]}


def _pool_options(window: Window, activation: Activation) -> Record:
    filters = {"filter_h": window.kernel[0], "filter_w": window.kernel[1]}
    return Record("Pool2DOptions", _strides(window) | filters | _activation(activation))
