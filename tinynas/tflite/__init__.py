"""The `.tflite` file format: the part of its schema that we speak, and packing it."""

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

__all__ = [
    "BUILTIN_OPTIONS",
    "SCHEMA_VERSION",
    "TABLES",
    "ActivationCode",
    "BuiltinCode",
    "PaddingCode",
    "Record",
    "TensorType",
    "pack",
]
