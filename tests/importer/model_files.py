"""Hand-made `.tflite` files, right and wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinynas.tflite import (
    BUILTIN_OPTIONS,
    SCHEMA_VERSION,
    BuiltinCode,
    Record,
    TensorType,
    pack,
)

TYPES = {
    "int8": TensorType.INT8,
    "uint8": TensorType.UINT8,
    "int16": TensorType.INT16,
    "int32": TensorType.INT32,
    "int64": TensorType.INT64,
    "float32": TensorType.FLOAT32,
}


class ModelFile:
    """Collects tensors and operators; every method returns a tensor's index."""

    def __init__(self) -> None:
        self.tensors: list[dict[str, Any]] = []
        self.buffers: list[dict[str, Any]] = [{}]
        self.operators: list[dict[str, Any]] = []
        self.codes: list[dict[str, Any]] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.extra: dict[str, Any] = {}

    def tensor(
        self,
        shape: tuple[int, ...],
        dtype: str = "int8",
        scale: float | list[float] | None = 0.05,
        zero_point: int = 0,
        axis: int = 0,
        data: Any = None,
        **fields: Any,
    ) -> int:
        entry = {
            "shape": shape,
            "type": TYPES[dtype],
            "buffer": 0,
            "name": f"tensor{len(self.tensors)}",
        }
        if data is not None:
            values = np.broadcast_to(np.asarray(data, dtype=dtype), shape)
            entry["buffer"] = len(self.buffers)
            self.buffers.append({"data": values.tobytes()})
        if scale is not None and dtype in ("int8", "uint8", "int32"):
            scales = [scale] if isinstance(scale, float) else scale
            quantisation = {
                "scale": scales,
                "zero_point": [zero_point] * len(scales),
                "quantized_dimension": axis,
            }
            entry["quantization"] = Record("Quantization", quantisation)
        self.tensors.append(entry | fields)
        return len(self.tensors) - 1

    def input(self, shape: tuple[int, ...], dtype: str = "int8", **kwargs: Any) -> int:
        self.inputs.append(self.tensor(shape, dtype, **kwargs))
        return self.inputs[-1]

    def sizes(self, values: Any, dtype: str = "int32") -> int:
        array = np.asarray(values, dtype=dtype)
        return self.tensor(array.shape, dtype, scale=None, data=array)

    def op(
        self,
        code: BuiltinCode | int,
        inputs: list[int],
        output: int,
        options: Record | None = None,
        version: int = 2,
        **fields: Any,
    ) -> int:
        self.codes.append({"builtin_code": int(code), "version": version})
        self.codes[-1]["deprecated_builtin_code"] = min(int(code), 127)
        entry = {"opcode_index": len(self.codes) - 1, "inputs": inputs, "outputs": [output]}
        if options is not None:
            entry["builtin_options_type"] = BUILTIN_OPTIONS[options.table]
            entry["builtin_options"] = options
        self.operators.append(entry | fields)
        return output

    def data(self) -> bytes:
        graph = {
            "tensors": [Record("Tensor", t) for t in self.tensors],
            "inputs": self.inputs,
            "outputs": self.outputs,
            "operators": [Record("Operator", o) for o in self.operators],
            "name": "main",
        }
        model = {
            "version": SCHEMA_VERSION,
            "operator_codes": [Record("OperatorCode", c) for c in self.codes],
            "subgraphs": [Record("SubGraph", graph)],
            "buffers": [Record("Buffer", b) for b in self.buffers],
        }
        return pack(Record("Model", model | self.extra))

    def conv(
        self,
        x: int,
        channels: int = 4,
        kernel: int = 3,
        stride: int = 1,
        padding: int = 1,
        bias: bool = True,
        rng: np.random.Generator | None = None,
        **options: Any,
    ) -> int:
        """A CONV_2D with random weights, VALID unless said otherwise."""
        rng = rng or np.random.default_rng(0)
        _, rows, columns, depth = self.tensors[x]["shape"]
        weights = rng.integers(-127, 128, (channels, kernel, kernel, depth))
        scales = [float(s) for s in rng.uniform(0.001, 0.01, channels)]
        inputs = [x, self.tensor(weights.shape, scale=scales, data=weights)]
        inputs.append(-1)
        if bias:
            values = rng.integers(-500, 500, channels)
            inputs[2] = self.tensor((channels,), "int32", scale=0.0001, data=values)
        size = (rows, columns) if padding == 0 else (rows - kernel + 1, columns - kernel + 1)
        out = (1, *(-(-n // stride) for n in size), channels)
        fields = {"padding": padding, "stride_h": stride, "stride_w": stride} | options
        record = Record("Conv2DOptions", fields)
        y = self.tensor(out, scale=0.05, zero_point=-3)
        return self.op(BuiltinCode.CONV_2D, inputs, y, record, version=3)
