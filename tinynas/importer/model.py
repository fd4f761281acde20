"""A `.tflite` file as lists of tensors and operators, checked for being sound.

What the format's rules or LiteRT itself forbid is an error at once; whether we can compile what is
left is for the translation to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.tflite import SCHEMA_VERSION, Table, TensorType, malformed, operator_name, unpack

MAX_OPERATORS = 10_000
MAX_TENSORS = 50_000
MAX_RANK = 8
MAX_ELEMENTS = (1 << 31) - 1

_DTYPES = {
    TensorType.FLOAT32: "float32",
    TensorType.INT32: "int32",
    TensorType.UINT8: "uint8",
    TensorType.INT64: "int64",
    TensorType.INT16: "int16",
    TensorType.INT8: "int8",
}


@dataclass(frozen=True)
class FileQuantisation:
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int


@dataclass(frozen=True)
class FileTensor:
    """`data` is there for a constant of a type that NumPy has, in the declared shape."""

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    type: TensorType
    quantisation: FileQuantisation | None
    constant: bool
    data: NDArray[Any] | None
    variable: bool
    sparse: bool

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name!r})"


@dataclass(frozen=True)
class FileOperator:
    """`inputs` are tensor indices, -1 for an optional one left out."""

    index: int
    code: int
    name: str
    options: Table | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class FileModel:
    """The one subgraph of a file.

    `read_early` has, for each operator's index, the tensors that it reads before anything wrote
    them: state from one run to the next, or an operator's scratch memory.

    Raises:
        InvalidInputError: the file is damaged, or breaks the format's rules.
    """

    def __init__(self, data: bytes) -> None:
        root = unpack(data)
        # Every number is decoded once, so together they take no more bytes than the file.
        self._undecoded = len(data)
        if root["version"] != SCHEMA_VERSION:
            raise malformed(f"its schema version is {root['version']}, not {SCHEMA_VERSION}")
        if len(root["subgraphs"]) != 1:
            count = len(root["subgraphs"])
            raise InvalidInputError(
                f"model: it has {count} subgraphs (branches, loops or several signatures); allowed "
                "is one",
                field="model",
                given=count,
                allowed=1,
            )
        self.size = len(data)
        self._root = root
        self._graph = root["subgraphs"][0]
        self._tensors: dict[int, FileTensor] = {}
        _limit("tensors", len(self._graph["tensors"]), MAX_TENSORS)
        _limit("operators", len(self._graph["operators"]), MAX_OPERATORS)
        self.inputs = self._indices(self._graph["inputs"], "the model's inputs")
        self.outputs = self._indices(self._graph["outputs"], "the model's outputs")
        self.operators = [
            self._operator(i, table) for i, table in enumerate(self._graph["operators"])
        ]
        self.read_early = self._check_order()

    @cached_property
    def name(self) -> str:
        return str(self._graph["name"])

    def tensor(self, index: int) -> FileTensor:
        """A tensor by its index, which the file refers to."""
        if index not in self._tensors:
            self._tensors[index] = self._read_tensor(index)
        return self._tensors[index]

    def _operator(self, index: int, table: Table) -> FileOperator:
        where = f"operator {index}"
        codes = self._root["operator_codes"]
        number = table["opcode_index"]
        if number >= len(codes):
            raise malformed(f"{where} has operator code {number} of {len(codes)}")
        # A code beyond 127 does not fit the old field, which then holds 127.
        code = max(codes[number]["builtin_code"], codes[number]["deprecated_builtin_code"])
        return FileOperator(
            index,
            code,
            operator_name(code, codes[number]["custom_code"]),
            table["builtin_options"],
            self._indices(table["inputs"], f"inputs of {where}", optional=True),
            self._indices(table["outputs"], f"outputs of {where}"),
        )

    def _indices(
        self, values: NDArray[np.int32], what: str, *, optional: bool = False
    ) -> tuple[int, ...]:
        indices = self._decoded(values, what)
        count = len(self._graph["tensors"])
        wrong = [i for i in indices if not (-1 if optional else 0) <= i < count]
        if wrong:
            raise malformed(f"{what} name tensor {wrong[0]} of {count}")
        return indices

    def _decoded(self, values: NDArray[Any], what: str) -> tuple[Any, ...]:
        self._undecoded -= values.nbytes
        if self._undecoded < 0:
            raise malformed(f"{what} overlap with other parts of the file")
        return tuple(values.tolist())

    def _read_tensor(self, index: int) -> FileTensor:
        table = self._graph["tensors"][index]
        where = f"tensor {index}"
        try:
            kind = TensorType(table["type"])
        except ValueError:
            raise malformed(f"{where} has type {table['type']}") from None
        shape = self._shape(table["shape"], where)
        buffers = self._root["buffers"]
        if table["buffer"] >= len(buffers):
            raise malformed(f"{where} has buffer {table['buffer']} of {len(buffers)}")
        buffer = buffers[table["buffer"]]
        if buffer["offset"] > 1 or table["external_buffer"]:
            raise malformed(f"{where} keeps its data outside the flatbuffer")
        raw = buffer["data"]
        return FileTensor(
            index=index,
            name=table["name"],
            shape=shape,
            signature=self._decoded(table["shape_signature"], where) or shape,
            type=kind,
            quantisation=self._quantisation(table["quantization"], where),
            constant=len(raw) > 0,
            data=_data(raw, kind, shape, where) if len(raw) else None,
            variable=bool(table["is_variable"]),
            sparse=bool(table["sparsity"]),
        )

    def _shape(self, values: NDArray[np.int32], where: str) -> tuple[int, ...]:
        _limit(f"dimensions of {where}", len(values), MAX_RANK)
        shape: tuple[int, ...] = self._decoded(values, where)
        if any(n <= 0 for n in shape) or prod(shape) > MAX_ELEMENTS:
            raise malformed(
                f"{where} has shape {list(shape)}; dimensions are 1 or more, and elements up to "
                f"{MAX_ELEMENTS}"
            )
        return shape

    def _quantisation(self, table: Table | None, where: str) -> FileQuantisation | None:
        if table is None or not len(table["scale"]):
            return None
        scale = self._decoded(table["scale"], where)
        zero_point = self._decoded(table["zero_point"], where)
        if not all(np.finfo(np.float32).tiny <= s < np.inf for s in scale):
            raise malformed(f"{where} has a scale that is no positive number")
        if len(zero_point) not in (len(scale), 1, 0):
            raise malformed(f"{where} has {len(scale)} scales and {len(zero_point)} zero points")
        return FileQuantisation(scale, zero_point or (0,), table["quantized_dimension"])

    def _check_order(self) -> dict[int, list[FileTensor]]:
        """Each tensor is written once; those that an operator reads before, by operator."""
        known = set(self.inputs)
        early: dict[int, list[FileTensor]] = {}
        if len(known) != len(self.inputs):
            raise malformed("one tensor is two of the model's inputs")
        for op in self.operators:
            read = [self.tensor(i) for i in op.inputs if i >= 0 and i not in known]
            early[op.index] = [tensor for tensor in read if not tensor.constant]
            for i in op.outputs:
                if i in known or self.tensor(i).constant:
                    raise malformed(f"operator {op.index} writes tensor {i}, which has a value")
                known.add(i)
        for i in self.outputs:
            if i not in known and not self.tensor(i).constant:
                raise malformed(f"output tensor {i} is never written")
        return early


def _limit(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise malformed(f"{count} {what}, more than {limit}")


def _data(
    raw: NDArray[np.uint8], kind: TensorType, shape: tuple[int, ...], where: str
) -> NDArray[Any] | None:
    if kind not in _DTYPES:
        return None
    dtype = np.dtype(_DTYPES[kind]).newbyteorder("<")
    if len(raw) != prod(shape) * dtype.itemsize:
        raise malformed(f"{where} has {len(raw)} bytes for shape {list(shape)} of {dtype.name}")
    return raw.view(dtype).reshape(shape)
