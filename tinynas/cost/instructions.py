"""Instructions that a kernel executes for an op, from measurements on simulated cores.

`instructions.json` holds, for every kernel, coefficients of the features below and how far they
were off at worst on the shapes they were fitted to; `python -m benchmarks.kernel_costs`
measures both.  It is of the cores with the DSP extension, which execute the same assembly; those
without execute compiled C, and have a file each.
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

from tinynas.devices.model import CORES
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import (
    AveragePool2D,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Graph,
    MaxPool2D,
    Mean,
    Op,
    Window,
)
from tinynas.schedule.kernels import Kernel, padded
from tinynas.schedule.windows import window_of

FEATURES = (
    "products",
    "outputs",
    "gathered",
    "runs",
    "pixels",
    "lines",
    "calls",
    "inputs",
    "inside",
    "channels",
    "twos",
    "fours",
    "planes",
    "strided",
    "expanded",
)
"""What instructions are linear in: multiply-accumulates with taps in whole words, outputs, gathered
inputs, kernel rows of all pixels, output pixels, output rows of all channels, one, inputs, products
with taps inside the input, and output channels.  Of depthwise convolutions alone also outputs with
rows and columns rounded up to two, with columns rounded up to four, the inputs that the latter see,
padding included, and output rows of all channels where the stride is not 1.  Of pools, means and
fully connected layers the first two of these four are other things: channels that are computed
together (four, or one that is left over) of all output pixels, and their taps.  The last one is
bytes of weights, taps in whole words, and of twelve more an output channel: what the kernels that
expand weights go through in every call, however few its pixels."""


_FILES = {"cortex-m0plus": "instructions_m0plus.json", "cortex-m3": "instructions_m3.json"}
_WITH_DSP = "instructions.json"
DSP_CORE = "cortex-m4"
"""Stands for all cores with the DSP extension."""

_WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected)


@dataclass(frozen=True)
class InstructionModel:
    """Coefficients of `FEATURES`; `error` is the largest relative deviation where it was fitted;
    `cycles` are those of an instruction, by core, from published timings; `call` are instructions
    of every further call, where an op is computed in parts."""

    coefficients: tuple[float, ...]
    error: float
    cycles: dict[str, float]
    call: float = 0.0

    def instructions(self, features: NDArray[np.float64]) -> int:
        return max(0, round(float(features @ np.array(self.coefficients))))

    def of(self, feature: str) -> float:
        """The coefficient of a feature."""
        return self.coefficients[FEATURES.index(feature)]


def features_of(graph: Graph, op: Op) -> NDArray[np.float64]:
    """The features of an op: float64 [15], in the order of `FEATURES`."""
    out, source = graph.tensors[op.outputs[0]], graph.tensors[op.inputs[0]]
    channels = out.shape[-1]
    pixels = out.elements // channels
    window = window_of(op)
    weighted = len(op.inputs) > 1 and isinstance(op.attributes, _WEIGHTED)
    if weighted:
        taps = graph.tensors[op.inputs[1]].elements // channels
    else:
        taps = 1 if window is None else prod(window.kernel)
    inside = out.elements * taps
    if window is not None and len(out.shape) == 4:
        inside = channels * taps // prod(window.kernel)
        for axis in (0, 1):
            inside *= _inside(window, axis, source.shape[1 + axis], out.shape[1 + axis])
    values = (
        out.elements * padded(taps),
        out.elements,
        pixels * padded(taps),
        pixels * (1 if window is None else window.kernel[0]),
        pixels,
        (out.shape[1] if len(out.shape) == 4 else 1) * channels,
        1,
        sum(graph.tensors[name].elements for name in op.inputs[: 1 if weighted else None]),
        inside,
        channels,
        *_together(graph, op, inside),
        channels * (padded(taps) + 12) if weighted else 0,
    )
    return np.array(values, dtype=np.float64)


def _together(graph: Graph, op: Op, inside: int) -> tuple[int, int, int, int]:
    """The four features before the last; `inside`: the products with taps inside the input."""
    out = graph.tensors[op.outputs[0]]
    channels, pixels = out.shape[-1], out.elements // out.shape[-1]
    match op.attributes:
        case DepthwiseConv2D():
            return _rounded(graph, op, op.attributes)
        case FullyConnected():
            fours = -(-channels // 4) * pixels
            return fours, fours * padded(graph.tensors[op.inputs[1]].shape[1]), 0, 0
        case AveragePool2D() | MaxPool2D() | Mean():
            groups = channels // 4 + channels % 4
            mean = isinstance(op.attributes, Mean)
            taps = graph.tensors[op.inputs[0]].elements if mean else inside
            return pixels * groups, taps // channels * groups, 0, 0
        case _:
            return 0, 0, 0, 0


def _rounded(graph: Graph, op: Op, attributes: DepthwiseConv2D) -> tuple[int, int, int, int]:
    """Rows, columns and inputs of a depthwise convolution as its kernels round them."""
    _, rows, columns, channels = graph.tensors[op.outputs[0]].shape
    kernel, stride = attributes.window.kernel, attributes.window.stride
    twos = 2 * -(-rows // 2) * 2 * -(-columns // 2)
    fours = 4 * -(-columns // 4)
    seen = ((rows - 1) * stride[0] + kernel[0]) * ((fours - 1) * stride[1] + kernel[1])
    strided = rows if stride[1] > 1 else 0
    return twos * channels, rows * fours * channels, seen * channels, strided * channels


def _inside(window: Window, axis: int, size: int, outputs: int) -> int:
    """Taps along an axis that lie in the input, of all outputs along it together."""
    starts = np.arange(outputs) * window.stride[axis] - window.padding[2 * axis]
    begins = np.clip(starts, 0, size)
    return int((np.clip(starts + window.kernel[axis], 0, size) - begins).sum())


def instructions_of(graph: Graph, op: Op, kernel: Kernel, core: str = DSP_CORE) -> int | None:
    """Estimated instructions of one op, run whole; None where the kernel was not measured."""
    model = models(core).get(kernel)
    return None if model is None else model.instructions(features_of(graph, op))


def cycles_per_instruction(kernel: Kernel, core: str) -> float:
    """Cycles of an instruction of a kernel that has been measured, memories without wait states.

    Raises:
        InvalidInputError: nothing was worked out for the core.
    """
    check_timings(core)
    return models(core)[kernel].cycles[core]


def has_timings(core: str) -> bool:
    """Whether cycles, and so latency, can be estimated for a core."""
    return any(core in model.cycles for model in models(core).values())


def check_timings(core: str) -> None:
    """Raises:
    InvalidInputError: the core has none.
    """
    if not has_timings(core):
        raise InvalidInputError(
            f"no latency can be estimated for {core}: no instruction timings of it are published",
            field="device",
            given=core,
            allowed=[known for known in CORES if has_timings(known)],
        )


def file_of(core: str) -> str:
    """The file, in this folder, that holds the figures of a core."""
    return _FILES.get(core, _WITH_DSP)


def models(core: str = DSP_CORE) -> dict[Kernel, InstructionModel]:
    """What has been measured of the kernels as a core executes them."""
    return _models(file_of(core))


@cache
def _models(file: str) -> dict[Kernel, InstructionModel]:
    raw = json.loads((files("tinynas.cost") / file).read_text())

    def in_order(coefficients: list[float]) -> tuple[float, ...]:
        named = dict(zip(raw["features"], coefficients, strict=True))
        return tuple(named.get(name, 0.0) for name in FEATURES)

    return {
        Kernel(name): InstructionModel(
            in_order(value["coefficients"]), value["error"], value["cycles"], value["call"]
        )
        for name, value in raw["kernels"].items()
    }
