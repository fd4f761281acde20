"""A graph as an `.onnx` file in QDQ form: float operators between DequantizeLinear and
QuantizeLinear, which runtimes fuse to integer kernels."""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from tinynas.errors import InvalidInputError
from tinynas.export.onnx_nodes import TO_NCHW, TO_NHWC, Nodes, computed, real
from tinynas.export.passes import require_weights
from tinynas.graph.ir import DType, Graph, Tensor

# The oldest that says all we need: runtimes since 2022 read it.
_OPSET = 17
_IR_VERSION = 8
_TYPES = {DType.INT8: TensorProto.INT8, DType.UINT8: TensorProto.UINT8}


def write_onnx(graph: Graph, path: Path) -> None:
    """Write `graph` as an `.onnx` file, whole or not at all; equal graphs give equal bytes.

    Inputs and outputs are the graph's own, in type, name and layout (NHWC), for any number of
    images.  Weights, biases, scales and zero points are the graph's.  What ONNX leaves open is how
    a sum is rounded to a code: runtimes multiply by a float and round halves to even, LiteRT
    multiplies in fixed point and rounds twice.  So the output of any one operator is the graph's
    code or a neighbour of it, and through the layers of a network such differences add up.

    Raises:
        InvalidInputError: a constant has no data, or ONNX cannot say an operator.
    """
    data = onnx_model(graph).SerializeToString(deterministic=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def onnx_model(graph: Graph) -> ModelProto:
    """What `write_onnx` writes."""
    require_weights(graph)
    nodes = Nodes(graph)
    read = {name for op in graph.ops for name in op.inputs}
    for name in graph.inputs:
        tensor = graph.tensors[name]
        codes = nodes.transpose(name, TO_NCHW) if len(tensor.shape) == 4 else name
        nodes.node("DequantizeLinear", [codes, *nodes.grid(tensor)], output=real(name))
    for op in graph.ops:
        (name,) = op.outputs
        tensor = graph.tensors[name]
        turned = len(tensor.shape) == 4 and name in graph.outputs
        codes = f"{name}.nchw" if turned else name
        nodes.node("QuantizeLinear", [computed(nodes, op), *nodes.grid(tensor)], output=codes)
        if turned:
            nodes.transpose(codes, TO_NHWC, output=name)
        if name in read:
            nodes.node("DequantizeLinear", [codes, *nodes.grid(tensor)], output=real(name))
    main = helper.make_graph(
        nodes.nodes,
        graph.name,
        [_declared(graph.tensors[n]) for n in graph.inputs],
        [_declared(graph.tensors[n]) for n in graph.outputs],
        list(nodes.constants.values()),
    )
    return helper.make_model(
        main,
        producer_name="tinynas",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )


def _declared(tensor: Tensor) -> ValueInfoProto:
    """An input or output; its first dimension counts images."""
    if tensor.dtype not in _TYPES:
        raise InvalidInputError(
            f"tensor {tensor.name} is {tensor.dtype}; an ONNX export takes {sorted(_TYPES)}",
            field="graph",
            given=tensor.dtype,
            allowed=sorted(_TYPES),
        )
    return helper.make_tensor_value_info(
        tensor.name, _TYPES[tensor.dtype], ["images", *tensor.shape[1:]]
    )
