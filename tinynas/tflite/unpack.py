"""Reading flatbuffers that may be damaged or hostile.

Nothing is decoded before it is asked for: a `Table` is a place in the file, numbers come as views
of the file's own bytes, and every offset is checked before it is followed.  So a file costs no
memory beside itself, whatever it claims to hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.tflite.schema import BUILTIN_OPTIONS, FILE_IDENTIFIER, SCALARS, TABLES, Field

_OPTIONS_TABLES = {number: table for table, number in BUILTIN_OPTIONS.items()}
_SLOTS = {
    table: {f.name: (slot, f) for slot, f in enumerate(fields)} for table, fields in TABLES.items()
}
# Names are for people: a longer one is cut.
_MAX_TEXT_BYTES = 256
_MAX_FILE_BYTES = (1 << 31) - 1


def unpack(data: bytes) -> Table:
    """The root table, a `Model`, of a `.tflite` file.

    Raises:
        InvalidInputError: the bytes are no such file.  Damage further in shows when it is read.
    """
    if len(data) < 8 or data[4:8] != FILE_IDENTIFIER:
        raise malformed(f"it has {len(data)} bytes and no identifier {FILE_IDENTIFIER.decode()!r}")
    if len(data) > _MAX_FILE_BYTES:
        raise malformed(f"it has {len(data)} bytes, more than {_MAX_FILE_BYTES}")
    file = _File(data)
    return Table(file, "Model", file.follow(0))


def malformed(why: str) -> InvalidInputError:
    """The error for bytes that break the format's rules."""
    return InvalidInputError(
        f"model: not a sound .tflite file: {why}",
        field="model",
        given=why,
        allowed="a .tflite file",
    )


def default_of(table: str, field: str) -> Any:
    """What a field holds where a file does not say it."""
    kind = _SLOTS[table][field][1]
    return kind.default if kind.type in SCALARS else _absent(kind)


class Table:
    """One table of the file; `table[field]` reads a field, or gives the schema's default.

    Scalars come as Python numbers, strings cut to 256 bytes, vectors of numbers as read-only arrays
    on the file, vectors of tables as sequences.  What is absent is None, an empty vector or ''.
    """

    __slots__ = ("_file", "_position", "name")

    def __init__(self, file: _File, name: str, position: int) -> None:
        self._file = file
        self._position = position
        self.name = name

    def __getitem__(self, field: str) -> Any:
        """A field's value.

        Raises:
            InvalidInputError: it lies outside the file.
            KeyError: the schema has no such field.
        """
        slot, kind = _SLOTS[self.name][field]
        at = self._file.field(self._position, slot)
        if kind.type in SCALARS:
            return kind.default if at is None else self._file.scalar(kind.type, at)
        if at is None:
            return _absent(kind)
        if kind.type == "opaque":
            return True
        target = self._file.follow(at)
        if kind.type == "string":
            return self._file.text(target)
        if kind.type == "options":
            table = _OPTIONS_TABLES.get(self[f"{field}_type"])
            return None if table is None else Table(self._file, table, target)
        if not kind.type.startswith("["):
            return Table(self._file, kind.type, target)
        element = "uint8" if kind.type == "[data]" else kind.type.strip("[]")
        if element in SCALARS:
            return self._file.numbers(element, target)
        return _Tables(self._file, element, target)


class _Tables(Sequence[Table]):
    """A vector of tables, each looked up when asked for."""

    def __init__(self, file: _File, element: str, position: int) -> None:
        self._file = file
        self._element = element
        self._first = position + 4
        self._length = file.length(position, 4)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Table: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Table]: ...
    def __getitem__(self, index: int | slice) -> Table | Sequence[Table]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._length))]
        if not 0 <= index < self._length:
            raise IndexError(index)
        return Table(self._file, self._element, self._file.follow(self._first + 4 * index))

    def __iter__(self) -> Iterator[Table]:
        return (self[i] for i in range(self._length))


def _absent(kind: Field) -> Any:
    if kind.type == "string":
        return ""
    element = "uint8" if kind.type == "[data]" else kind.type.strip("[]")
    if kind.type.startswith("["):
        return np.empty(0, np.dtype(element)) if element in SCALARS else ()
    return None if kind.type != "opaque" else False


class _File:
    """Bytes read at checked places, all little-endian."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def scalar(self, kind: str, at: int) -> Any:
        form = SCALARS[kind]
        self._check(at, struct.calcsize(form))
        return struct.unpack_from(form, self.data, at)[0]

    def follow(self, at: int) -> int:
        """Where the offset stored at `at` leads."""
        target = at + int(self.scalar("uint32", at))
        self._check(target, 4)
        return target

    def field(self, table: int, slot: int) -> int | None:
        """Where a table keeps the field of a slot; None if it has none."""
        layout = table - int(self.scalar("int32", table))
        self._check(layout, 4)
        size = struct.unpack_from("<H", self.data, layout)[0]
        self._check(layout, size)
        entry = 4 + 2 * slot
        if entry + 2 > size:
            return None
        offset = struct.unpack_from("<H", self.data, layout + entry)[0]
        return table + offset if offset else None

    def length(self, at: int, element_bytes: int) -> int:
        """The length of the vector at `at`, whose elements lie inside the file."""
        length = int(self.scalar("uint32", at))
        self._check(at + 4, length * element_bytes)
        return length

    def numbers(self, element: str, at: int) -> NDArray[Any]:
        dtype = np.dtype(element).newbyteorder("<")
        return np.frombuffer(self.data, dtype, self.length(at, dtype.itemsize), at + 4)

    def text(self, at: int) -> str:
        length = min(self.length(at, 1), _MAX_TEXT_BYTES)
        return self.data[at + 4 : at + 4 + length].decode("utf-8", errors="replace")

    def _check(self, at: int, size: int) -> None:
        if at < 0 or at + size > len(self.data):
            raise malformed(f"it refers to bytes {at} to {at + size} of {len(self.data)}")
