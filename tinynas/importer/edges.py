"""QUANTIZE and DEQUANTIZE: at the model's edges they are left to the host, within they compute."""

from __future__ import annotations

from tinynas.graph.ir import Edge, EdgeType, Quantisation, Quantize
from tinynas.importer.model import FileTensor
from tinynas.importer.place import Place, single_scale
from tinynas.tflite import TensorType

_EDGE_TYPES = {TensorType.FLOAT32: EdgeType.FLOAT32, TensorType.UINT8: EdgeType.UINT8}


def quantize(place: Place) -> None:
    place.count_inputs(1)
    if place.op.inputs[0] in place.draft.outside:
        _enter(place)
    elif place.file_output.type is TensorType.UINT8:
        _leave(place, EdgeType.UINT8, _unsigned(place, place.file_output))
    else:
        x = place.activation(0)
        place.emit(Quantize(), (x,), x.shape)


def dequantize(place: Place) -> None:
    place.count_inputs(1)
    if place.file_output.type is not TensorType.FLOAT32:
        raise place.refuse(f"its output is {place.file_output.type.name.lower()}, not float32")
    _leave(place, EdgeType.FLOAT32, None)


def _unsigned(place: Place, tensor: FileTensor) -> Quantisation:
    found = single_scale(tensor, TensorType.UINT8)
    if found is None:
        raise place.refuse(f"{tensor} has no single scale with a zero point in 0..255")
    return found


def _enter(place: Place) -> None:
    """The graph begins behind this QUANTIZE."""
    draft, outer, inner = place.draft, place.file_input(0), place.file_output
    if inner.type is not TensorType.INT8:
        raise place.refuse(f"its output is {inner.type.name.lower()}, not int8")
    scale = place.quantisation(inner)
    own = _unsigned(place, outer) if outer.type is TensorType.UINT8 else None
    if outer.index in draft.entering:
        edge = draft.entering[outer.index]
        if draft.tensors[edge.tensor].quantisation != scale:
            raise place.refuse(f"{outer} is quantised in two ways; allowed is one")
    else:
        name = draft.add_tensor(draft.short_name(inner), outer.shape, scale)
        edge = Edge(outer.name, name, _EDGE_TYPES[outer.type], own)
        draft.entering[outer.index] = edge
    draft.names[inner.index] = edge.tensor


def _leave(place: Place, dtype: EdgeType, own: Quantisation | None) -> None:
    x = place.activation(0)
    out = place.file_output
    place.draft.leaving[out.index] = Edge(out.name, x.name, dtype, own)
