"""The part of TensorFlow Lite's schema (version 3) that we write and read.

`TABLES` names every field of a table in slot order, up to the last one we need: a field's place in
the list is its slot, so a name may be added at the end of a table but never in between.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

# Types: a scalar, `string`, a table's name, `[T]` a vector of T, `[data]` bytes aligned to 16, and
# `options` the table that `builtin_options_type` says.
_SCHEMA = """
Model: version uint32, operator_codes [OperatorCode], subgraphs [SubGraph], description string,
    buffers [Buffer]
OperatorCode: deprecated_builtin_code int8, custom_code string, version int32 = 1,
    builtin_code int32
SubGraph: tensors [Tensor], inputs [int32], outputs [int32], operators [Operator], name string
Tensor: shape [int32], type int8, buffer uint32, name string, quantization Quantization
Quantization: min [float32], max [float32], scale [float32], zero_point [int64],
    details_type uint8, details options, quantized_dimension int32
Operator: opcode_index uint32, inputs [int32], outputs [int32], builtin_options_type uint8,
    builtin_options options
Buffer: data [data]
Conv2DOptions: padding int8, stride_w int32, stride_h int32, activation int8,
    dilation_w int32 = 1, dilation_h int32 = 1
DepthwiseConv2DOptions: padding int8, stride_w int32, stride_h int32, depth_multiplier int32,
    activation int8, dilation_w int32 = 1, dilation_h int32 = 1
FullyConnectedOptions: activation int8, weights_format int8, keep_num_dims bool
AddOptions: activation int8
PadOptions:
ReducerOptions: keep_dims bool
"""


class Field(NamedTuple):
    """One slot of a table; `type` as in the schema text above."""

    name: str
    type: str
    default: int


class TensorType(IntEnum):
    FLOAT32 = 0
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    INT16 = 7
    INT8 = 9


class PaddingCode(IntEnum):
    SAME = 0
    VALID = 1


class ActivationCode(IntEnum):
    NONE = 0
    RELU = 1
    RELU6 = 3


class BuiltinCode(IntEnum):
    ADD = 0
    CONV_2D = 3
    DEPTHWISE_CONV_2D = 4
    FULLY_CONNECTED = 9
    PAD = 34
    MEAN = 40


# Number of each table in the union `BuiltinOptions`.
BUILTIN_OPTIONS = {
    "Conv2DOptions": 1,
    "DepthwiseConv2DOptions": 2,
    "FullyConnectedOptions": 8,
    "AddOptions": 11,
    "PadOptions": 22,
    "ReducerOptions": 27,
}


def _parse(text: str) -> dict[str, tuple[Field, ...]]:
    tables: dict[str, tuple[Field, ...]] = {}
    for line in text.replace(",\n    ", ", ").strip().splitlines():
        name, _, fields = line.partition(":")
        tables[name] = tuple(_field(f) for f in fields.split(",") if f.strip())
    return tables


def _field(text: str) -> Field:
    declaration, _, default = text.partition("=")
    name, kind = declaration.split()
    return Field(name, kind, int(default or 0))


TABLES = _parse(_SCHEMA)
