"""A model's own inputs and outputs: what QUANTIZE and DEQUANTIZE do at its edges.

They are no part of the network on a device; the host converts, with LiteRT's arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from tinynas.graph.arithmetic.stepwise import round_half_away
from tinynas.graph.ir import Edge, EdgeType, Graph, Quantisation, Signature, Tensor
from tinynas.graph.reference import run


def signature_of(graph: Graph) -> Signature:
    """The graph's signature; without one of its own, its inputs and outputs as they are."""
    if graph.signature is not None:
        return graph.signature
    sides = (
        tuple(Edge(n, n, EdgeType.INT8, graph.tensors[n].quantisation) for n in names)
        for names in (graph.inputs, graph.outputs)
    )
    return Signature(*sides)


def run_model(graph: Graph, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """The model's outputs [N, ...] for its inputs [N, ...], in its own order and types.

    Raises:
        InvalidInputError: inputs of another number, shape or type than the model takes.
    """
    return from_graph(graph, run(graph, to_graph(graph, inputs)))


def to_graph(graph: Graph, inputs: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The model's inputs [N, ...] as the graph's, by tensor name.

    Raises:
        InvalidInputError: another number of inputs, another type or shape, or a float that is no
            number.
    """
    edges = signature_of(graph).inputs
    if len(inputs) != len(edges):
        raise InvalidInputError(
            f"inputs: {len(inputs)} arrays given, the model takes {len(edges)}",
            field="inputs",
            given=len(inputs),
            allowed=[edge.name for edge in edges],
        )
    pairs = zip(edges, inputs, strict=True)
    return {edge.tensor: _entering(edge, graph.tensors[edge.tensor], x) for edge, x in pairs}


def from_graph(graph: Graph, outputs: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """The graph's outputs [N, ...], by tensor name, as the model's in its order."""
    edges = signature_of(graph).outputs
    return [_leaving(edge, graph.tensors[edge.tensor], outputs[edge.tensor]) for edge in edges]


def _entering(edge: Edge, tensor: Tensor, x: NDArray[Any]) -> NDArray[Any]:
    if x.dtype != edge.dtype.value or x.shape[1:] != tensor.shape[1:]:
        expected = f"[N, {', '.join(map(str, tensor.shape[1:]))}] of {edge.dtype.value}"
        raise InvalidInputError(
            f"input {edge.name}: {list(x.shape)} of {x.dtype} given, expected is {expected}",
            field=edge.name,
            given=[list(x.shape), str(x.dtype)],
            allowed=expected,
        )
    if edge.dtype is EdgeType.INT8:
        return x
    inside = _quantised(tensor.quantisation)
    if edge.dtype is EdgeType.UINT8:
        return _requantised(x, _quantised(edge.quantisation), inside, np.int8)
    if np.isnan(x).any():
        raise InvalidInputError(
            f"input {edge.name}: holds values that are no numbers", field=edge.name, given="NaN"
        )
    # The clip keeps infinities out of the integers and changes nothing within their range.
    with np.errstate(over="ignore"):
        steps = np.clip(x / np.float32(inside.scale[0]), -(2.0**20), 2.0**20)
    q = round_half_away(steps.astype(np.float64)) + inside.zero_point
    return np.clip(q, -128, 127).astype(np.int8)


def _leaving(edge: Edge, tensor: Tensor, y: NDArray[Any]) -> NDArray[Any]:
    if edge.dtype is EdgeType.INT8:
        return y
    inside = _quantised(tensor.quantisation)
    if edge.dtype is EdgeType.UINT8:
        return _requantised(y, inside, _quantised(edge.quantisation), np.uint8)
    scale = np.float64(np.float32(inside.scale[0]))
    return (scale * (y.astype(np.int64) - inside.zero_point)).astype(np.float32)


def _requantised(
    x: NDArray[Any], source: Quantisation, target: Quantisation, dtype: type[np.int8 | np.uint8]
) -> NDArray[Any]:
    """QUANTIZE between int8 and uint8."""
    ratio = np.float64(np.float32(source.scale[0])) / np.float64(np.float32(target.scale[0]))
    centred = x.astype(np.int64) - source.zero_point
    q = multiply_by_quantized_multiplier(centred, *quantize_multiplier(float(ratio)))
    limits = np.iinfo(dtype)
    return np.clip(q + target.zero_point, limits.min, limits.max).astype(dtype)


def _quantised(quantisation: Quantisation | None) -> Quantisation:
    if quantisation is None:
        raise ValueError("an edge has no quantisation parameters")
    return quantisation
