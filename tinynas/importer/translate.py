"""A file's operators one after the other into a graph."""

from __future__ import annotations

from collections.abc import Callable

from tinynas.graph.ir import Edge, EdgeType, Graph, Signature
from tinynas.importer import edges, functions, moves, pairs, pools, products, sizes
from tinynas.importer.draft import Draft
from tinynas.importer.model import FileModel, FileOperator, FileTensor
from tinynas.importer.place import Place, RefusedError, single_scale
from tinynas.importer.problems import Problem
from tinynas.tflite import BuiltinCode, TensorType

_TRANSLATIONS: dict[BuiltinCode, Callable[[Place], None]] = {
    BuiltinCode.ADD: pairs.add,
    BuiltinCode.AVERAGE_POOL_2D: pools.average_pool,
    BuiltinCode.CONCATENATION: moves.concatenate,
    BuiltinCode.CONV_2D: products.convolution,
    BuiltinCode.DEPTHWISE_CONV_2D: products.depthwise,
    BuiltinCode.DEQUANTIZE: edges.dequantize,
    BuiltinCode.EXPAND_DIMS: moves.expand_dims,
    BuiltinCode.FULLY_CONNECTED: products.fully_connected,
    BuiltinCode.HARD_SWISH: functions.hard_swish,
    BuiltinCode.LOGISTIC: functions.logistic,
    BuiltinCode.MAX_POOL_2D: pools.max_pool,
    BuiltinCode.MEAN: pools.mean,
    BuiltinCode.MUL: pairs.multiply,
    BuiltinCode.PACK: sizes.pack,
    BuiltinCode.PAD: moves.pad,
    BuiltinCode.PADV2: moves.pad_v2,
    BuiltinCode.QUANTIZE: edges.quantize,
    BuiltinCode.RELU: functions.relu,
    BuiltinCode.RELU6: functions.relu6,
    BuiltinCode.RESHAPE: moves.reshape,
    BuiltinCode.RESIZE_NEAREST_NEIGHBOR: moves.resize_nearest,
    BuiltinCode.SHAPE: sizes.shape,
    BuiltinCode.SOFTMAX: functions.softmax,
    BuiltinCode.SQUEEZE: moves.squeeze,
    BuiltinCode.STRIDED_SLICE: sizes.strided_slice,
    BuiltinCode.TANH: functions.tanh,
    BuiltinCode.TRANSPOSE: moves.transpose,
}
_EDGE_TYPES = (TensorType.FLOAT32, TensorType.UINT8)


def translate(model: FileModel) -> Graph:
    """The graph of a model, operator by operator, with the signature of its edges.

    Raises:
        InvalidInputError: names everything in the model that cannot be compiled.
    """
    draft = Draft(model)
    for index in model.inputs:
        _open(draft, model.tensor(index))
    for op in model.operators:
        _translate(draft, op)
    signature = _signature(draft)
    draft.problems.raise_any()
    return Graph(
        name=model.name or "network",
        tensors=draft.tensors,
        ops=tuple(draft.ops),
        inputs=tuple(e.tensor for e in signature.inputs),
        outputs=tuple(dict.fromkeys(e.tensor for e in signature.outputs)),
        signature=signature,
    )


def _open(draft: Draft, tensor: FileTensor) -> None:
    """One of the model's inputs."""
    place = f"input {tensor.name!r}"
    dynamic = [i for i, n in enumerate(tensor.signature) if n < 0 and i > 0]
    if not tensor.shape or tensor.shape[0] != 1 or dynamic:
        shape = [-1 if i in dynamic else n for i, n in enumerate(tensor.shape)]
        what = f"has shape {shape}; allowed is a batch of 1, or a dynamic batch, and fixed sizes"
        draft.problems.add(Problem(place, what))
    scale = single_scale(tensor, TensorType.INT8)
    if tensor.constant or tensor.variable:
        draft.problems.add(Problem(place, "has a value of its own"))
    elif tensor.type in _EDGE_TYPES:
        draft.outside[tensor.index] = tensor
    elif tensor.type is not TensorType.INT8:
        what = f"is {tensor.type.name.lower()}; allowed are int8, uint8 and float32"
        draft.problems.add(Problem(place, what))
    elif scale is None:
        draft.problems.add(Problem(place, "has no single scale with a zero point in -128..127"))
    else:
        name = draft.add_tensor(draft.short_name(tensor), tensor.shape, scale)
        draft.names[tensor.index] = name
        draft.entering[tensor.index] = Edge(tensor.name, name, EdgeType.INT8, scale)


def _translate(draft: Draft, op: FileOperator) -> None:
    place = Place(draft, op)
    try:
        if op.code not in list(_TRANSLATIONS):
            raise place.refuse(_unsupported(place))
        for tensor in draft.model.read_early[op.index]:
            state = "a variable" if tensor.variable else "before anything writes it"
            raise place.refuse(f"it reads {tensor}, {state}")
        _TRANSLATIONS[BuiltinCode(op.code)](place)
    except RefusedError:
        place.assume_outputs()


def _unsupported(place: Place) -> str:
    """The operator's name is in the place; here come its operands."""
    model = place.draft.model
    inputs = [model.tensor(i) for i in place.op.inputs if i >= 0]
    operands = [f"{t.type.name.lower()} {list(t.shape)} {t.name!r}" for t in inputs]
    return f"no such operator can be compiled (its inputs: {', '.join(operands) or 'none'})"


def _signature(draft: Draft) -> Signature:
    read = {name for op in draft.ops for name in op.inputs}
    for index in draft.model.inputs:
        edge, tensor = draft.entering.get(index), draft.model.tensor(index)
        if draft.problems:
            break  # What has been refused would have read it.
        if edge is None:
            what = f"is {tensor.type.name.lower()} and no QUANTIZE to int8 reads it"
            draft.problems.add(Problem(f"input {tensor.name!r}", what))
        elif edge.tensor not in read:
            what = "is read by no operator that computes"
            draft.problems.add(Problem(f"input {tensor.name!r}", what))
    inputs = [draft.entering[i] for i in draft.model.inputs if i in draft.entering]
    outputs = [e for i in draft.model.outputs if (e := _closing(draft, i)) is not None]
    if not draft.model.outputs:
        draft.problems.add(Problem("the model", "has no outputs"))
    return Signature(tuple(inputs), tuple(outputs))


def _closing(draft: Draft, index: int) -> Edge | None:
    """The edge of one of the model's outputs."""
    tensor = draft.model.tensor(index)
    if index in draft.leaving:
        edge = draft.leaving[index]
    elif index in draft.names:
        name = draft.names[index]
        edge = Edge(tensor.name, name, EdgeType.INT8, draft.tensors[name].quantisation)
    else:
        if tensor.constant or index in draft.values or index in draft.outside:
            draft.problems.add(Problem(f"output {tensor.name!r}", "is not computed by an operator"))
        return None
    if edge.tensor in {e.tensor for e in draft.entering.values()}:
        draft.problems.add(Problem(f"output {tensor.name!r}", "is one of the model's inputs"))
    return edge
