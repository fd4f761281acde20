"""A user's inputs, in whatever form they come, as the model's list of arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.edges import signature_of
from tinynas.graph.ir import Edge, Graph

Given: TypeAlias = NDArray[Any] | Sequence[NDArray[Any]] | Mapping[str, NDArray[Any]]
"""One array (of several inputs: each row one after the other, flat), one an input, or by name."""


def model_inputs(graph: Graph, given: Given) -> list[NDArray[Any]]:
    """The model's inputs [N, ...] in its own order; types are left as they are.

    Flat inputs [N, elements] get the model's shape.  Names are the model's own, or `arr_0`, `arr_1`
    and so on, as `numpy.savez` calls arrays without names.

    Raises:
        InvalidInputError: too few, too many, an unknown name, or rows of another length.
    """
    edges = signature_of(graph).inputs
    if isinstance(given, Mapping):
        arrays = _by_name(edges, given)
    elif not isinstance(given, np.ndarray):
        arrays = list(given)
    elif len(edges) == 1:
        arrays = [given]
    else:
        arrays = _split(graph, edges, given)
    return [_shaped(graph, e, a) for e, a in zip(edges, arrays, strict=False)] + arrays[
        len(edges) :
    ]


def _by_name(edges: Sequence[Edge], given: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    names = [edge.name for edge in edges]
    positions = [f"arr_{i}" for i in range(len(edges))]
    for keys in (names, positions):
        if set(given) == set(keys):
            return [given[key] for key in keys]
    raise InvalidInputError(
        f"inputs: arrays {', '.join(map(repr, given))} given, the model takes "
        f"{', '.join(map(repr, names))}",
        field="input",
        given=list(given),
        allowed=names,
    )


def _split(graph: Graph, edges: Sequence[Edge], rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Rows that hold every input of the model, flat."""
    sizes = [graph.tensors[edge.tensor].elements for edge in edges]
    types = sorted({edge.dtype.value for edge in edges})
    if rows.ndim != 2 or rows.shape[1] != sum(sizes) or len(types) > 1:
        allowed = f"[N, {sum(sizes)}] of {types[0]}" if len(types) == 1 else "one array an input"
        raise InvalidInputError(
            f"inputs: one array {list(rows.shape)} of {rows.dtype} given for the model's "
            f"{len(edges)} inputs; allowed is {allowed}",
            field="input",
            given=list(rows.shape),
            allowed=allowed,
        )
    return np.split(rows, np.cumsum(sizes)[:-1], axis=1)


def _shaped(graph: Graph, edge: Edge, array: NDArray[Any]) -> NDArray[Any]:
    """Flat inputs in the model's shape; others as they are."""
    tensor = graph.tensors[edge.tensor]
    if array.ndim == 0:
        raise InvalidInputError(
            f"input {edge.name}: a single number given, needed is an array [N, ...]",
            field="input",
            given=[],
            allowed="[N, ...]",
        )
    if array.shape[1:] == (tensor.elements,):
        return array.reshape(len(array), *tensor.shape[1:])
    return array
