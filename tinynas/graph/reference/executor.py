"""Running a graph over many inputs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Conv2D, Graph, Op
from tinynas.graph.reference.kernels import kernel_of
from tinynas.graph.reference.operands import Kernel

# float32 elements of the largest temporary of a chunk: small enough for a second-level cache,
# large enough that calls into NumPy cost little.
_CHUNK_ELEMENTS = 1 << 18
_MAX_CHUNK = 512

Arrays = dict[str, NDArray[np.generic]]


def run(
    graph: Graph, inputs: Mapping[str, NDArray[np.generic]], *, keep: Iterable[str] = ()
) -> Arrays:
    """The graph's outputs, and the tensors named in `keep`, for N inputs at once.

    Args:
        inputs: for each graph input an array of its type, [N, ...] in place of its [1, ...].
        keep: names of further tensors to return.

    Returns:
        Arrays [N, ...] by tensor name.  Exact: LiteRT's reference kernels give the same bytes.

    Raises:
        InvalidInputError: an input is missing, or has another shape or type than the graph says.
        ValueError: the graph has no weights or scales (a skeleton).
    """
    count = _check_inputs(graph, inputs)
    wanted = tuple(dict.fromkeys((*graph.outputs, *keep)))
    unknown = [name for name in wanted if name not in graph.tensors]
    if unknown:
        raise InvalidInputError(
            f"graph {graph.name} has no tensor {unknown[0]!r}", field="keep", given=unknown[0]
        )
    kernels = [kernel_of(graph, op) for op in graph.ops]
    chunk = _chunk_size(graph)
    parts = [
        _run_chunk(graph, kernels, {n: a[start : start + chunk] for n, a in inputs.items()}, wanted)
        for start in range(0, count, chunk)
    ]
    if not parts:
        shapes = {name: graph.tensors[name] for name in wanted}
        return {n: np.empty((0, *t.shape[1:]), dtype=t.dtype.value) for n, t in shapes.items()}
    return {name: np.concatenate([part[name] for part in parts]) for name in wanted}


def _run_chunk(
    graph: Graph, kernels: list[Kernel], inputs: Arrays, wanted: tuple[str, ...]
) -> Arrays:
    values = dict(inputs)
    last_use = {name: i for i, op in enumerate(graph.ops) for name in op.inputs}
    for i, (op, kernel) in enumerate(zip(graph.ops, kernels, strict=True)):
        operands = [values[t.name] for t in graph.activations_in(op)]
        result = kernel(*operands)
        out = graph.tensors[op.outputs[0]]
        values[out.name] = result.reshape((-1, *out.shape[1:]))
        for name in op.inputs:
            if last_use[name] == i and name not in wanted:
                values.pop(name, None)
    return {name: values[name] for name in wanted}


def _check_inputs(graph: Graph, inputs: Mapping[str, NDArray[np.generic]]) -> int:
    """The number of inputs N, the same for all."""
    if set(inputs) != set(graph.inputs):
        raise InvalidInputError(
            f"graph {graph.name}: inputs {sorted(inputs)} given, it has {sorted(graph.inputs)}",
            field="inputs",
            given=sorted(inputs),
            allowed=sorted(graph.inputs),
        )
    for name, array in inputs.items():
        tensor = graph.tensors[name]
        if array.shape[1:] != tensor.shape[1:] or array.dtype != tensor.dtype.value:
            expected = f"[N, {', '.join(map(str, tensor.shape[1:]))}] of {tensor.dtype.value}"
            raise InvalidInputError(
                f"input {name}: {list(array.shape)} of {array.dtype} given, expected is {expected}",
                field=name,
                given=[list(array.shape), str(array.dtype)],
                allowed=expected,
            )
    counts = {len(array) for array in inputs.values()}
    if len(counts) != 1:
        raise InvalidInputError(
            f"inputs differ in number: {sorted(counts)}", field="inputs", given=sorted(counts)
        )
    return counts.pop()


def _chunk_size(graph: Graph) -> int:
    """How many inputs to run together so that temporaries stay in the cache."""
    largest = max((_temporary_elements(graph, op) for op in graph.ops), default=1)
    return min(max(_CHUNK_ELEMENTS // max(largest, 1), 1), _MAX_CHUNK)


def _temporary_elements(graph: Graph, op: Op) -> int:
    out, x = graph.tensors[op.outputs[0]], graph.tensors[op.inputs[0]]
    columns = 0
    if isinstance(op.attributes, Conv2D):
        kernel_rows, kernel_columns = op.attributes.window.kernel
        columns = out.elements // out.shape[-1] * kernel_rows * kernel_columns * x.shape[-1]
    return max(out.elements, x.elements, columns)
