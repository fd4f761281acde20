"""A graph as a `.tflite` file.

Written by our own packer because converters calibrate anew: here every byte and every scale of the
graph arrives in the file as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinynas.export.operators import Constant, Operator, operator_of
from tinynas.export.passes import lowered, require_weights
from tinynas.graph.ir import DType, Graph, Tensor
from tinynas.tflite import BUILTIN_OPTIONS, SCHEMA_VERSION, Record, TensorType, pack

_TENSOR_TYPES = {
    DType.INT8: TensorType.INT8,
    DType.UINT8: TensorType.UINT8,
    DType.INT16: TensorType.INT16,
    DType.INT32: TensorType.INT32,
    DType.INT64: TensorType.INT64,
}


def write_tflite(graph: Graph, path: Path) -> None:
    """Write `graph` as a `.tflite` file, whole or not at all; equal graphs give equal bytes.

    LiteRT's reference kernels (`BUILTIN_REF`) on the file give the same bytes as
    `tinynas.graph.reference.run`.

    Raises:
        InvalidInputError: a constant has no data (the graph is a skeleton).
    """
    data = tflite_bytes(graph)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.replace(path)


def tflite_bytes(graph: Graph) -> bytes:
    """The contents of the file that `write_tflite` writes."""
    require_weights(graph)
    return pack(_Writer(lowered(graph)).model())


class _Writer:
    """Numbers the tensors, buffers and operator codes of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        # By convention buffer 0 is empty: tensors without data refer to it.
        self.buffers = [Record("Buffer")]
        self.tensors: list[Record] = []
        self.codes: list[Record] = []
        self.tensor_index: dict[str, int] = {}
        self.code_index: dict[tuple[int, int], int] = {}

    def model(self) -> Record:
        graph = self.graph
        for tensor in graph.tensors.values():
            self._add_tensor(tensor)
        operators = [self._operator(operator_of(graph, op)) for op in graph.ops]
        subgraph = Record(
            "SubGraph",
            {
                "tensors": self.tensors,
                "inputs": [self.tensor_index[n] for n in graph.inputs],
                "outputs": [self.tensor_index[n] for n in graph.outputs],
                "operators": operators,
                "name": graph.name,
            },
        )
        return Record(
            "Model",
            {
                "version": SCHEMA_VERSION,
                "operator_codes": self.codes,
                "subgraphs": [subgraph],
                "description": "tinynas",
                "buffers": self.buffers,
            },
        )

    def _add_tensor(self, tensor: Tensor) -> int:
        fields: dict[str, Any] = {
            "shape": tensor.shape,
            "type": _TENSOR_TYPES[tensor.dtype],
            "buffer": 0,
            "name": tensor.name,
        }
        if tensor.data is not None:
            fields["buffer"] = len(self.buffers)
            little_endian = np.dtype(tensor.dtype.value).newbyteorder("<")
            values = tensor.data.astype(little_endian, copy=False)
            self.buffers.append(Record("Buffer", {"data": values.tobytes()}))
        if tensor.quantisation is not None:
            q = tensor.quantisation
            fields["quantization"] = Record(
                "Quantization",
                {
                    "scale": q.scale,
                    "zero_point": [q.zero_point] * len(q.scale),
                    "quantized_dimension": q.axis or 0,
                },
            )
        self.tensor_index[tensor.name] = len(self.tensors)
        self.tensors.append(Record("Tensor", fields))
        return self.tensor_index[tensor.name]

    def _operator(self, operator: Operator) -> Record:
        fields: dict[str, Any] = {
            "opcode_index": self._code(operator),
            "inputs": self._operands(operator),
            "outputs": [self.tensor_index[name] for name in operator.outputs],
        }
        if operator.options is not None:
            fields["builtin_options_type"] = BUILTIN_OPTIONS[operator.options.table]
            fields["builtin_options"] = operator.options
        return Record("Operator", fields)

    def _operands(self, operator: Operator) -> list[int]:
        """Indices of the inputs; optional ones left out at the end are not named at all."""
        indices = [self._operand(x) for x in operator.inputs]
        while indices and indices[-1] == -1:
            indices.pop()
        return indices

    def _operand(self, operand: str | Constant) -> int:
        """A tensor's index; -1 is an optional input left out."""
        if isinstance(operand, Constant):
            values, quantisation = operand.values, operand.quantisation
            dtype = DType(values.dtype.name)
            return self._add_tensor(
                Tensor(operand.name, values.shape, dtype, quantisation, True, values)
            )
        return self.tensor_index[operand] if operand else -1

    def _code(self, operator: Operator) -> int:
        key = operator.code, operator.version
        if key not in self.code_index:
            self.code_index[key] = len(self.codes)
            fields = {
                # Readers older than 2020 know the first 127 codes only, in a field of one byte.
                "deprecated_builtin_code": min(operator.code, 127),
                "builtin_code": operator.code,
                "version": operator.version,
            }
            self.codes.append(Record("OperatorCode", fields))
        return self.code_index[key]
