"""LiteRT's reference kernels as an oracle: no delegate, no optimised kernel."""

from __future__ import annotations

from collections.abc import Iterable

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
