"""The part of TensorFlow Lite's schema (version 3) that we write and read.

`TABLES` names every field of a table in slot order, up to the last one we need: a field's place in
the list is its slot, so a name may be added at the end of a table but never in between.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3

# Scalar types by name, with the format in which `struct` reads one.
SCALARS = {
    "bool": "<?",
    "int8": "<b",
    "uint8": "<B",
    "int32": "<i",
    "uint32": "<I",
    "int64": "<q",
    "uint64": "<Q",
    "float32": "<f",
}

# Types: a scalar, `string`, a table's name, `[T]` a vector of T, `[data]` bytes aligned to 16,
# `options` the table that `builtin_options_type` says, and `opaque` a reference of which only the
# presence matters.
_SCHEMA = """
Model: version uint32, operator_codes [OperatorCode], subgraphs [SubGraph], description string,
    buffers [Buffer]
OperatorCode: deprecated_builtin_code int8, custom_code string, version int32 = 1,
    builtin_code int32
SubGraph: tensors [Tensor], inputs [int32], outputs [int32], operators [Operator], name string
Tensor: shape [int32], type int8, buffer uint32, name string, quantization Quantization,
    is_variable bool, sparsity opaque, shape_signature [int32], has_rank bool,
    variant_tensors opaque, external_buffer uint32
Quantization: min [float32], max [float32], scale [float32], zero_point [int64],
    details_type uint8, details opaque, quantized_dimension int32
Operator: opcode_index uint32, inputs [int32], outputs [int32], builtin_options_type uint8,
    builtin_options options
Buffer: data [data], offset uint64, size uint64
Conv2DOptions: padding int8, stride_w int32, stride_h int32, activation int8,
    dilation_w int32 = 1, dilation_h int32 = 1
DepthwiseConv2DOptions: padding int8, stride_w int32, stride_h int32, depth_multiplier int32,
    activation int8, dilation_w int32 = 1, dilation_h int32 = 1
FullyConnectedOptions: activation int8, weights_format int8, keep_num_dims bool
Pool2DOptions: padding int8, stride_w int32, stride_h int32, filter_w int32, filter_h int32,
    activation int8
AddOptions: activation int8
MulOptions: activation int8
ConcatenationOptions: axis int32, activation int8
SoftmaxOptions: beta float32
ReshapeOptions: new_shape [int32]
SqueezeOptions: squeeze_dims [int32]
ExpandDimsOptions:
TransposeOptions:
PadOptions:
PadV2Options:
ReducerOptions: keep_dims bool
ResizeNearestNeighborOptions: align_corners bool, half_pixel_centers bool
QuantizeOptions:
DequantizeOptions:
HardSwishOptions:
ShapeOptions: out_type int8
StridedSliceOptions: begin_mask int32, end_mask int32, ellipsis_mask int32, new_axis_mask int32,
    shrink_axis_mask int32
PackOptions: values_count int32, axis int32
"""


class Field(NamedTuple):
    """One slot of a table; `type` as in the schema text above."""

    name: str
    type: str
    default: int


class TensorType(IntEnum):
    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    UINT8 = 3
    INT64 = 4
    STRING = 5
    BOOL = 6
    INT16 = 7
    COMPLEX64 = 8
    INT8 = 9
    FLOAT64 = 10
    COMPLEX128 = 11
    UINT64 = 12
    RESOURCE = 13
    VARIANT = 14
    UINT32 = 15
    UINT16 = 16
    INT4 = 17
    BFLOAT16 = 18
    INT2 = 19
    UINT4 = 20
    FLOAT8_E4M3FN = 21
    FLOAT8_E5M2 = 22


class PaddingCode(IntEnum):
    SAME = 0
    VALID = 1


class ActivationCode(IntEnum):
    NONE = 0
    RELU = 1
    RELU6 = 3


class BuiltinCode(IntEnum):
    """The operators that we write or read; `names` has the names of all."""

    ADD = 0
    AVERAGE_POOL_2D = 1
    CONCATENATION = 2
    CONV_2D = 3
    DEPTHWISE_CONV_2D = 4
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9
    LOGISTIC = 14
    MAX_POOL_2D = 17
    MUL = 18
    RELU = 19
    RELU6 = 21
    RESHAPE = 22
    SOFTMAX = 25
    TANH = 28
    PAD = 34
    TRANSPOSE = 39
    MEAN = 40
    SQUEEZE = 43
    STRIDED_SLICE = 45
    PADV2 = 60
    EXPAND_DIMS = 70
    SHAPE = 77
    PACK = 83
    RESIZE_NEAREST_NEIGHBOR = 97
    QUANTIZE = 114
    HARD_SWISH = 117


# Number of each table in the union `BuiltinOptions`.
BUILTIN_OPTIONS = {
    "Conv2DOptions": 1,
    "DepthwiseConv2DOptions": 2,
    "Pool2DOptions": 5,
    "FullyConnectedOptions": 8,
    "SoftmaxOptions": 9,
    "ConcatenationOptions": 10,
    "AddOptions": 11,
    "ReshapeOptions": 17,
    "MulOptions": 21,
    "PadOptions": 22,
    "TransposeOptions": 26,
    "ReducerOptions": 27,
    "SqueezeOptions": 30,
    "StridedSliceOptions": 32,
    "DequantizeOptions": 38,
    "PadV2Options": 43,
    "ExpandDimsOptions": 52,
    "ShapeOptions": 55,
    "PackOptions": 59,
    "ResizeNearestNeighborOptions": 74,
    "QuantizeOptions": 89,
    "HardSwishOptions": 91,
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
