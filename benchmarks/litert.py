"""LiteRT's reference kernels as an oracle: no delegate, no optimised kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run_litert(
    model: bytes, inputs: dict[str, np.ndarray], keep: Iterable[str]
) -> dict[str, np.ndarray]:
    """The tensors `keep` [N, ...] of a model for N inputs by name, one input at a time."""
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    index = {d["name"]: d["index"] for d in interpreter.get_tensor_details()}
    kept: dict[str, list[np.ndarray]] = {name: [] for name in keep}
    for i in range(len(next(iter(inputs.values())))):
        for name, values in inputs.items():
            interpreter.set_tensor(index[name], values[i : i + 1])
        interpreter.invoke()
        for name, found in kept.items():
            found.append(interpreter.get_tensor(index[name]))
    return {name: np.concatenate(found) for name, found in kept.items()}


def run_litert_model(model: bytes, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The model's outputs [N, ...] for its inputs [N, ...], both in its own order and types."""
    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    ins = [d["index"] for d in interpreter.get_input_details()]
    outs = [d["index"] for d in interpreter.get_output_details()]
    found: list[list[np.ndarray]] = [[] for _ in outs]
    for i in range(len(inputs[0])):
        for index, values in zip(ins, inputs, strict=True):
            interpreter.set_tensor(index, values[i : i + 1])
        interpreter.invoke()
        for index, kept in zip(outs, found, strict=True):
            kept.append(interpreter.get_tensor(index))
    return [np.concatenate(kept) for kept in found]
