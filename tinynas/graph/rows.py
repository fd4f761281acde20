"""Several tensors as one row of bytes: what a file of test vectors, a UART or a pipe carries.

A row holds one input's tensors one after the other, each flat, in the order of their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run


def row_bytes(graph: Graph, names: Sequence[str]) -> int:
    """Bytes of a row of these tensors."""
    return sum(graph.tensors[name].bytes for name in names)


def pack_rows(
    graph: Graph, names: Sequence[str], arrays: Mapping[str, NDArray[np.generic]]
) -> NDArray[np.int8]:
    """Int8 tensors [N, ...] by name as rows [N, bytes].

    Raises:
        InvalidInputError: they differ in N.
    """
    counts = {len(arrays[name]) for name in names}
    if len(counts) != 1:
        raise InvalidInputError(
            f"inputs differ in number: {sorted(counts)}", field="inputs", given=sorted(counts)
        )
    count = counts.pop()
    sizes = [graph.tensors[n].elements for n in names]
    parts = [
        np.asarray(arrays[n]).astype(np.int8, copy=False).reshape(count, size)
        for n, size in zip(names, sizes, strict=True)
    ]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def unpack_rows(
    graph: Graph, names: Sequence[str], rows: NDArray[np.generic]
) -> dict[str, NDArray[np.int8]]:
    """The inverse of `pack_rows`; of one tensor the rows may have its shape.

    Raises:
        InvalidInputError: the rows are of another size.
    """
    wanted = row_bytes(graph, names)
    flat = np.asarray(rows).reshape(len(rows), -1) if len(rows) else np.zeros((0, wanted), np.int8)
    if flat.shape[1] != wanted or flat.dtype.itemsize != 1:
        raise InvalidInputError(
            f"rows of {flat.shape[1]} {flat.dtype} given; {', '.join(names)} take {wanted} bytes",
            field="inputs",
            given=flat.shape[1],
            allowed=wanted,
        )
    ends = np.cumsum([graph.tensors[n].bytes for n in names])[:-1]
    parts = np.split(flat.view(np.int8), ends, axis=1)
    shapes = [graph.tensors[n].shape[1:] for n in names]
    return {
        n: part.reshape(len(flat), *shape)
        for n, part, shape in zip(names, parts, shapes, strict=True)
    }


def run_rows(graph: Graph, rows: NDArray[np.generic]) -> NDArray[np.int8]:
    """Rows of the graph's outputs for rows of its inputs, by the integer reference."""
    outputs = run(graph, unpack_rows(graph, graph.inputs, rows))
    return pack_rows(graph, graph.outputs, outputs)
