"""Each operator of the graph as ONNX nodes between DequantizeLinear and QuantizeLinear.

Values of four dimensions are NCHW here, as ONNX wants them, whatever the graph's NHWC says;
others are as in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import nearest_indices, scale_of, zero_point_of
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
    Quantize,
    Relu,
    Reshape,
    ResizeNearest,
    Softmax,
    Tanh,
    Tensor,
    Transpose,
    Window,
)

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
_CHANNELS_FIRST_AXIS = (0, 2, 3, 1)
"""Where each axis of NHWC is in NCHW."""

Values: TypeAlias = NDArray[Any]


class Nodes:
    """Collects nodes and constants; methods return the name of the value that they make."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def node(
        self, kind: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        name = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: Values) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(values, name))
        return name

    def integers(self, values: Sequence[int]) -> str:
        text = "_".join(map(str, values))
        return self.constant(f"integers_{text}", np.array(values, dtype=np.int64))

    def transpose(self, value: str, order: Sequence[int], *, output: str | None = None) -> str:
        return self.node("Transpose", [value], output=output, perm=list(order))

    def grid(self, tensor: Tensor) -> list[str]:
        """Scale and zero point of an activation tensor."""
        scale = np.array(scale_of(tensor), dtype=np.float32)
        zero_point = np.array(zero_point_of(tensor), dtype=tensor.dtype.value)
        return [
            self.constant(f"{tensor.name}.scale", scale),
            self.constant(f"{tensor.name}.zero_point", zero_point),
        ]

    def operand(self, name: str, rank: int | None = None) -> str:
        """The real values of an op's input, with dimensions of 1 before its own up to `rank`."""
        tensor = self.graph.tensors[name]
        rank = rank or len(tensor.shape)
        if tensor.constant:
            shape = (1,) * (rank - len(tensor.shape)) + tensor.shape
            values = _data(tensor).reshape(shape)
            codes = values.transpose(TO_NCHW) if rank == 4 else values
            stored = self.constant(f"{name}.rank{rank}", np.ascontiguousarray(codes))
            return self.node("DequantizeLinear", [stored, *self.grid(tensor)])
        if rank == len(tensor.shape):
            return real(name)
        shape = (-1, *(1,) * (rank - len(tensor.shape)), *tensor.shape[1:])
        return self.reshaped(real(name), shape)

    def reshaped(self, value: str, shape: Sequence[int]) -> str:
        """`value`, given in the graph's layout, in a new shape and in ONNX's layout."""
        changed = self.node("Reshape", [value, self.integers(shape)])
        return self.transpose(changed, TO_NCHW) if len(shape) == 4 else changed

    def as_in_graph(self, name: str) -> str:
        """The real values of a tensor in the graph's layout."""
        if len(self.graph.tensors[name].shape) == 4:
            return self.transpose(self.operand(name), TO_NHWC)
        return self.operand(name)


def real(name: str) -> str:
    """The name of a tensor's dequantised values."""
    return f"{name}.real"


def computed(nodes: Nodes, op: Op) -> str:
    """The real values that `op` computes, before they are quantised.

    Raises:
        InvalidInputError: ONNX cannot say it.
    """
    value = _product(nodes, op) or _elementwise(nodes, op) or _moved(nodes, op)
    activation = getattr(op.attributes, "activation", Activation.NONE)
    match activation:
        case Activation.RELU:
            return nodes.node("Relu", [value])
        case Activation.RELU6:
            limits = [nodes.constant(f"real_{v}", np.array(v, np.float32)) for v in (0, 6)]
            return nodes.node("Clip", [value, *limits])
        case _:
            return value


def _product(nodes: Nodes, op: Op) -> str | None:
    match op.attributes:
        case Conv2D(window=window):
            inputs = [nodes.operand(op.inputs[0]), *_weights(nodes, op, TO_NCHW)]
            return nodes.node("Conv", inputs, **_window(window))
        case DepthwiseConv2D(window=window):
            channels = nodes.graph.tensors[op.inputs[0]].shape[-1]
            inputs = [nodes.operand(op.inputs[0]), *_weights(nodes, op, (3, 0, 1, 2))]
            return nodes.node("Conv", inputs, group=channels, **_window(window))
        case FullyConnected():
            depth = nodes.graph.tensors[op.inputs[1]].shape[1]
            rows = nodes.as_in_graph(op.inputs[0])
            if nodes.graph.tensors[op.inputs[0]].shape != (1, depth):
                rows = nodes.reshaped(rows, (-1, depth))
            result = nodes.node("Gemm", [rows, *_weights(nodes, op, (0, 1))], transB=1)
            shape = nodes.graph.tensors[op.outputs[0]].shape
            return result if len(shape) == 2 else nodes.reshaped(result, (-1, *shape[1:]))
        case _:
            return None


def _weights(nodes: Nodes, op: Op, order: Sequence[int]) -> list[str]:
    """Weights and, where there is one, bias: integers with a scale a channel, or one for all."""
    x, weight = (nodes.graph.tensors[n] for n in op.inputs[:2])
    assert weight.quantisation is not None  # noqa: S101
    scales = np.array(weight.quantisation.scale, dtype=np.float32)
    codes, zero_point = np.transpose(_data(weight), order), zero_point_of(weight)
    values = [_dequantised(nodes, f"{op.name}.weight", codes, scales, zero_point)]
    if len(op.inputs) > 2 and op.inputs[2]:
        codes = _data(nodes.graph.tensors[op.inputs[2]])
        accumulator_scales = (scale_of(x) * scales.astype(np.float64)).astype(np.float32)
        values.append(_dequantised(nodes, f"{op.name}.bias", codes, accumulator_scales, 0))
    return values


def _dequantised(
    nodes: Nodes, name: str, codes: Values, scales: NDArray[np.float32], zero_point: int
) -> str:
    # A scalar is one scale for all, a vector one a channel.
    shape = () if len(scales) == 1 else scales.shape
    inputs = [
        nodes.constant(name, np.ascontiguousarray(codes)),
        nodes.constant(f"{name}.scale", scales.reshape(shape)),
        nodes.constant(f"{name}.zero_point", np.full(shape, zero_point, dtype=codes.dtype)),
    ]
    return nodes.node("DequantizeLinear", inputs, output=real(name), axis=0)


def _elementwise(nodes: Nodes, op: Op) -> str | None:
    rank = len(nodes.graph.tensors[op.outputs[0]].shape)
    match op.attributes:
        case Add() | Mul():
            return nodes.node(op.kind, [nodes.operand(n, rank) for n in op.inputs])
        case Relu() | Quantize():
            return nodes.operand(op.inputs[0])
        case Logistic():
            return nodes.node("Sigmoid", [nodes.operand(op.inputs[0])])
        case Tanh() | HardSwish():
            return nodes.node(op.kind, [nodes.operand(op.inputs[0])])
        case Softmax(beta=beta):
            factor = nodes.constant(f"real_{beta}", np.array(beta, dtype=np.float32))
            scaled = nodes.node("Mul", [nodes.operand(op.inputs[0]), factor])
            return nodes.node("Softmax", [scaled], axis=_axis(rank, -1))
        case _:
            return None


def _moved(nodes: Nodes, op: Op) -> str:
    x, out = nodes.graph.tensors[op.inputs[0]], nodes.graph.tensors[op.outputs[0]]
    match op.attributes:
        case Mean():
            keep = int(len(out.shape) == 4)
            return nodes.node("ReduceMean", [nodes.operand(x.name)], axes=[2, 3], keepdims=keep)
        case AveragePool2D(window=window):
            fields = _window(window) | {"kernel_shape": window.kernel, "count_include_pad": 0}
            return nodes.node("AveragePool", [nodes.operand(x.name)], **fields)
        case MaxPool2D(window=window):
            fields = _window(window) | {"kernel_shape": window.kernel}
            return nodes.node("MaxPool", [nodes.operand(x.name)], **fields)
        case Concat(axis=axis):
            return _concat(nodes, op, _axis(len(out.shape), axis))
        case Pad(padding=padding, value=value):
            return _pad(nodes, x, padding, value)
        case Reshape():
            return nodes.reshaped(nodes.as_in_graph(x.name), (-1, *out.shape[1:]))
        case Transpose(permutation=permutation):
            turned = nodes.transpose(nodes.as_in_graph(x.name), permutation)
            return nodes.transpose(turned, TO_NCHW) if len(out.shape) == 4 else turned
        case ResizeNearest() as attributes:
            # Gathered, because the coordinates are LiteRT's, in single precision.
            image = nodes.operand(x.name)
            for axis in (1, 2):
                indices = nearest_indices(attributes, x.shape[axis], out.shape[axis])
                chosen = nodes.integers(indices.tolist())
                image = nodes.node("Gather", [image, chosen], axis=axis + 1)
            return image
        case _:
            raise InvalidInputError(
                f"op {op.name}: {op.kind} has no counterpart in ONNX", field="graph", given=op.kind
            )


def _concat(nodes: Nodes, op: Op, axis: int) -> str:
    if any(nodes.graph.tensors[n].constant for n in op.inputs):
        raise InvalidInputError(
            f"op {op.name}: a constant joined to inputs of any number is not exported to ONNX",
            field="graph",
            given=op.kind,
        )
    return nodes.node("Concat", [nodes.operand(n) for n in op.inputs], axis=axis)


def _pad(nodes: Nodes, x: Tensor, padding: tuple[tuple[int, int], ...], value: int | None) -> str:
    order = TO_NCHW if len(padding) == 4 else range(len(padding))
    amounts = [padding[i][side] for side in (0, 1) for i in order]
    inputs = [nodes.operand(x.name), nodes.integers(amounts)]
    if value is not None:
        filler = np.array((value - zero_point_of(x)) * scale_of(x), dtype=np.float32)
        inputs.append(nodes.constant(f"{x.name}.filler_{value}", filler))
    return nodes.node("Pad", inputs)


def _axis(rank: int, axis: int) -> int:
    """An axis of the graph's layout in ONNX's."""
    return _CHANNELS_FIRST_AXIS[axis] if rank == 4 else axis


def _window(window: Window) -> dict[str, Any]:
    top, bottom, left, right = window.padding
    return {"strides": list(window.stride), "pads": [top, left, bottom, right]}


def _data(tensor: Tensor) -> Values:
    assert tensor.data is not None  # noqa: S101
    return tensor.data
