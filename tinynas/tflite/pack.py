"""Records to flatbuffer bytes, driven by the schema's tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np

from tinynas.tflite.schema import FILE_IDENTIFIER, SCALARS, TABLES

# The schema asks for tensor data at multiples of 16 bytes, so that a file can be mapped.
_DATA_ALIGNMENT = 16


@dataclass(frozen=True)
class Record:
    """A table's name and the values of its fields; fields that are not given keep their default.

    Values: numbers, text, nested records, and for vectors sequences of numbers or of records, or
    bytes.
    """

    table: str
    fields: dict[str, Any] = field(default_factory=dict)


def pack(root: Record) -> bytes:
    """The flatbuffer of `root` with the file identifier of TensorFlow Lite.

    Raises:
        KeyError: a field or table that the schema does not name.
    """
    builder = flatbuffers.Builder(1024)
    builder.Finish(_pack_table(builder, root), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _pack_table(builder: flatbuffers.Builder, record: Record) -> int:
    fields = TABLES[record.table]
    unknown = set(record.fields) - {f.name for f in fields}
    if unknown:
        raise KeyError(f"{record.table} has no field {sorted(unknown)}")
    # Whatever a table refers to lies before it in the buffer.
    values = {f.name: record.fields[f.name] for f in fields if f.name in record.fields}
    for f in fields:
        if f.name in values and not _is_scalar(f.type):
            values[f.name] = _pack_reference(builder, f.type, values[f.name])
    builder.StartObject(len(fields))
    for slot, f in enumerate(fields):
        if f.name not in values:
            continue
        if _is_scalar(f.type):
            prepend = getattr(builder, f"Prepend{f.type.capitalize()}Slot")
            prepend(slot, values[f.name], f.default)
        else:
            builder.PrependUOffsetTRelativeSlot(slot, values[f.name], 0)
    return int(builder.EndObject())


def _is_scalar(kind: str) -> bool:
    return kind in SCALARS


def _pack_reference(builder: flatbuffers.Builder, kind: str, value: Any) -> int:
    if kind == "string":
        return int(builder.CreateString(value))
    if kind == "[data]":
        return _pack_data(builder, value)
    if not kind.startswith("["):
        return _pack_table(builder, value)
    element = kind.strip("[]")
    if _is_scalar(element):
        return int(builder.CreateNumpyVector(np.asarray(value, dtype=element)))
    offsets = [_pack_table(builder, record) for record in value]
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _pack_data(builder: flatbuffers.Builder, data: bytes) -> int:
    builder.StartVector(1, len(data), _DATA_ALIGNMENT)
    start = builder.head - len(data)
    builder.head = start
    builder.Bytes[start : start + len(data)] = data
    return int(builder.EndVector())
