"""Instructions that a kernel executes for an op, from measurements on a simulated Cortex-M4.

`instructions.json` holds, for every kernel, coefficients of the features below and how far they
were off at worst on the shapes they were fitted to; `python -m benchmarks.kernel_costs`
measures both.
Simulated instructions, not cycles.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.ir import Graph, Op
from tinynas.schedule.kernels import Kernel, padded
from tinynas.schedule.windows import window_of

FEATURES = ("products", "outputs", "gathered", "runs", "pixels", "lines", "calls")
"""What instructions are linear in: multiply-accumulates with taps in whole words, outputs, gathered
inputs, kernel rows of all pixels, output pixels, output rows of all channels, and one."""


@dataclass(frozen=True)
class InstructionModel:
    """Coefficients of `FEATURES`; `error` is the largest relative deviation where it was fitted."""

    coefficients: tuple[float, ...]
    error: float

    def instructions(self, features: NDArray[np.float64]) -> int:
        return max(0, round(float(features @ np.array(self.coefficients))))


def features_of(graph: Graph, op: Op) -> NDArray[np.float64]:
    """The features of an op with weights: float64 [7], in the order of `FEATURES`."""
    out = graph.tensors[op.outputs[0]]
    channels = out.shape[-1]
    pixels = out.elements // channels
    weights = graph.tensors[op.inputs[1]]
    taps = prod(weights.shape) // channels
    window = window_of(op)
    rows = 1 if window is None else window.kernel[0]
    values = (
        pixels * channels * padded(taps),
        pixels * channels,
        pixels * padded(taps),
        pixels * rows,
        pixels,
        (out.shape[1] if len(out.shape) == 4 else 1) * channels,
        1,
    )
    return np.array(values, dtype=np.float64)


def instructions_of(graph: Graph, op: Op, kernel: Kernel) -> int | None:
    """Estimated instructions of one op, run whole; None where the kernel was not measured."""
    model = models().get(kernel)
    return None if model is None else model.instructions(features_of(graph, op))


@cache
def models() -> dict[Kernel, InstructionModel]:
    """What has been measured."""
    raw = json.loads((files("tinynas.cost") / "instructions.json").read_text())
    return {
        Kernel(name): InstructionModel(tuple(value["coefficients"]), value["error"])
        for name, value in raw["kernels"].items()
    }
