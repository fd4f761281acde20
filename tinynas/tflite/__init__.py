"""The `.tflite` file format: the part of its schema that we speak, packing and unpacking it."""

from tinynas.tflite.names import operator_name
from tinynas.tflite.pack import Record, pack
from tinynas.tflite.schema import (
    BUILTIN_OPTIONS,
    SCHEMA_VERSION,
    TABLES,
    ActivationCode,
    BuiltinCode,
    PaddingCode,
    TensorType,
)
from tinynas.tflite.unpack import Table, default_of, malformed, unpack

__all__ = [
    "BUILTIN_OPTIONS",
    "SCHEMA_VERSION",
    "TABLES",
    "ActivationCode",
    "BuiltinCode",
    "PaddingCode",
    "Record",
    "Table",
    "TensorType",
    "default_of",
    "malformed",
    "operator_name",
    "pack",
    "unpack",
]
