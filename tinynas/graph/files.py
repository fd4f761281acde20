"""A graph in one `.npz` file: its structure as JSON text, its constants as arrays; no pickle."""

from __future__ import annotations

import dataclasses
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any, get_args

import numpy as np

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import (
    Activation,
    Attributes,
    DType,
    Edge,
    EdgeType,
    Graph,
    Op,
    Quantisation,
    Signature,
    Tensor,
    Window,
)

_FORMAT = "tinynas-graph-1"
_STRUCTURE = "graph.json"
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
)
_KINDS = {kind.__name__: kind for kind in get_args(Attributes)}


def save_graph(graph: Graph, path: Path) -> None:
    """Write `graph` to `path`, whole or not at all; equal graphs give equal bytes."""
    arrays = {f"data/{t.name}": t.data for t in graph.tensors.values() if t.data is not None}
    text = json.dumps(graph_to_json(graph), sort_keys=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        structure = np.frombuffer(text.encode(), dtype=np.uint8)
        np.savez_compressed(file, allow_pickle=False, **{_STRUCTURE: structure, **arrays})
    partial.replace(path)


def load_graph(path: Path) -> Graph:
    """The graph that `save_graph` wrote.

    Raises:
        InvalidInputError: the file is not there, or is not such a graph.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        structure = json.loads(arrays.pop(_STRUCTURE).tobytes().decode())
        return graph_from_json(structure, {k.removeprefix("data/"): v for k, v in arrays.items()})
    except _UNREADABLE as error:
        raise InvalidInputError(
            f"{path}: not a graph file ({error})", field="graph", given=str(path), allowed=_FORMAT
        ) from error


def graph_to_json(graph: Graph) -> dict[str, Any]:
    """Everything of a graph but the data of its constants."""
    return {
        "format": _FORMAT,
        "name": graph.name,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "tensors": [_tensor_to_json(t) for t in graph.tensors.values()],
        "ops": [
            {
                "name": op.name,
                "kind": op.kind,
                "attributes": dataclasses.asdict(op.attributes),
                "inputs": list(op.inputs),
                "outputs": list(op.outputs),
            }
            for op in graph.ops
        ],
        "signature": None if graph.signature is None else dataclasses.asdict(graph.signature),
    }


def graph_from_json(value: dict[str, Any], data: dict[str, np.ndarray[Any, Any]]) -> Graph:
    """The graph of `graph_to_json`'s form, with the data of its constants by tensor name.

    Raises:
        ValueError, KeyError, TypeError: the form is wrong.
    """
    if value["format"] != _FORMAT:
        raise ValueError(f"format is {value['format']!r}, not {_FORMAT!r}")
    tensors = [_tensor_from_json(t, data.get(t["name"])) for t in value["tensors"]]
    return Graph(
        name=value["name"],
        tensors={t.name: t for t in tensors},
        ops=tuple(
            Op(
                op["name"],
                _attributes_from_json(op["kind"], op["attributes"]),
                tuple(op["inputs"]),
                tuple(op["outputs"]),
            )
            for op in value["ops"]
        ),
        inputs=tuple(value["inputs"]),
        outputs=tuple(value["outputs"]),
        signature=_signature_from_json(value.get("signature")),
    )


def _tensor_to_json(tensor: Tensor) -> dict[str, Any]:
    quantisation = tensor.quantisation
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype.value,
        "constant": tensor.constant,
        "quantisation": None if quantisation is None else dataclasses.asdict(quantisation),
    }


def _tensor_from_json(value: dict[str, Any], data: np.ndarray[Any, Any] | None) -> Tensor:
    shape, dtype = tuple(value["shape"]), DType(value["dtype"])
    if data is not None and (data.shape != shape or data.dtype != dtype.value):
        raise ValueError(f"tensor {value['name']}: data are {data.dtype} {data.shape}")
    quantisation = _quantisation_from_json(value["quantisation"])
    return Tensor(value["name"], shape, dtype, quantisation, value["constant"], data)


def _quantisation_from_json(value: dict[str, Any] | None) -> Quantisation | None:
    return None if value is None else Quantisation(**value | {"scale": tuple(value["scale"])})


def _signature_from_json(value: dict[str, Any] | None) -> Signature | None:
    if value is None:
        return None
    return Signature(*(tuple(map(_edge_from_json, value[side])) for side in ("inputs", "outputs")))


def _edge_from_json(value: dict[str, Any]) -> Edge:
    quantisation = _quantisation_from_json(value["quantisation"])
    return Edge(value["name"], value["tensor"], EdgeType(value["dtype"]), quantisation)


def _attributes_from_json(kind: str, fields: dict[str, Any]) -> Attributes:
    attributes: Attributes = _KINDS[kind](**{k: _attribute(k, v) for k, v in fields.items()})
    return attributes


def _attribute(name: str, value: Any) -> Any:
    if name == "activation":
        return Activation(value)
    if name == "window":
        return Window(**{k: tuple(v) for k, v in value.items()})
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
