"""Each operator of the graph in the terms of a `.tflite` file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    Mean,
    Op,
    Pad,
    Window,
)
from tinynas.tflite import ActivationCode, BuiltinCode, PaddingCode, Record

_ACTIVATIONS = {
    Activation.NONE: ActivationCode.NONE,
    Activation.RELU: ActivationCode.RELU,
    Activation.RELU6: ActivationCode.RELU6,
}


@dataclass(frozen=True)
class Constant:
    """An input that the file stores as a tensor and the graph as an attribute."""

    name: str
    values: NDArray[np.int32]


@dataclass(frozen=True)
class Operator:
    """One operator of the file.  `version` is the first one that has int8, per channel."""

    code: BuiltinCode
    version: int
    options: Record
    inputs: tuple[str | Constant, ...]
    outputs: tuple[str, ...]


def operator_of(graph: Graph, op: Op) -> Operator:
    """The file's operator for `op`, whose padding is SAME or VALID (see `passes`)."""
    inputs: tuple[str | Constant, ...] = op.inputs
    match op.attributes:
        case Conv2D(window=window, activation=activation):
            code, version = BuiltinCode.CONV_2D, 3
            options = Record("Conv2DOptions", _window(window) | _activation(activation))
        case DepthwiseConv2D(window=window, activation=activation, multiplier=multiplier):
            code, version = BuiltinCode.DEPTHWISE_CONV_2D, 3
            fields = _window(window) | _activation(activation) | {"depth_multiplier": multiplier}
            options = Record("DepthwiseConv2DOptions", fields)
        case FullyConnected(activation=activation):
            code, version = BuiltinCode.FULLY_CONNECTED, 4
            options = Record("FullyConnectedOptions", _activation(activation))
        case Add(activation=activation):
            code, version = BuiltinCode.ADD, 2
            options = Record("AddOptions", _activation(activation))
        case Mean():
            code, version = BuiltinCode.MEAN, 2
            keep = len(graph.tensors[op.outputs[0]].shape) == 4
            options = Record("ReducerOptions", {"keep_dims": keep})
            inputs = (*inputs, Constant(f"{op.name}.axes", np.array([1, 2], dtype=np.int32)))
        case Pad(padding=padding):
            code, version = BuiltinCode.PAD, 2
            options = Record("PadOptions")
            inputs = (*inputs, Constant(f"{op.name}.padding", np.array(padding, dtype=np.int32)))
    return Operator(code, version, options, inputs, op.outputs)


def _activation(activation: Activation) -> dict[str, Any]:
    return {"activation": _ACTIVATIONS[activation]}


def _window(window: Window) -> dict[str, Any]:
    padding = PaddingCode.SAME if any(window.padding) else PaddingCode.VALID
    return {"padding": padding, "stride_h": window.stride[0], "stride_w": window.stride[1]}
