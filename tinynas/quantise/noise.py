"""How much of each tensor survives quantisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Graph, Tensor, op_macs
from tinynas.graph.reference import run
from tinynas.quantise.accuracy import int8_input
from tinynas.quantise.calibration import BATCH, activations
from tinynas.quantise.network import FloatNetwork, Folded


@dataclass(frozen=True)
class TensorNoise:
    """What quantisation did to the tensor that one op writes.

    `decibels` is the signal-to-noise ratio: infinite without noise, -infinite where a noisy tensor
    has no signal.  `saturated` is the share of its codes at an end of int8 that does not stand
    for 0.
    """

    tensor: str
    kind: str
    macs: int
    scale: float
    zero_point: int
    decibels: float
    saturated: float

    def to_json(self) -> dict[str, Any]:
        """Plain values; a ratio that is not finite is null."""
        return {
            "tensor": self.tensor,
            "kind": self.kind,
            "macs": self.macs,
            "scale": self.scale,
            "zero_point": self.zero_point,
            "signal_to_noise_db": self.decibels if np.isfinite(self.decibels) else None,
            "saturated": self.saturated,
        }


def noise_report(
    network: FloatNetwork, graph: Graph, images: NDArray[np.uint8]
) -> list[TensorNoise]:
    """One entry an op, in order: where quantisation hurts.

    The signal is the float network's tensor about its mean, the noise its difference from the int8
    graph's: so it holds what earlier layers did wrong too.

    Args:
        network: what `graph` was made from; where it was equalised, the result of `equalise`.
        images: uint8 [N, H, W, C]; some tens are enough.

    Raises:
        InvalidInputError: no images, or images of another shape.
    """
    folded = Folded(network.network, network.folded())
    sums = {op.outputs[0]: _Sums(graph.tensors[op.outputs[0]]) for op in graph.ops}
    for start in range(0, max(1, len(images)), BATCH):
        batch = images[start : start + BATCH]
        signals = dict(activations(folded, batch))
        codes = run(graph, {graph.inputs[0]: int8_input(batch)}, keep=list(sums))
        for name, total in sums.items():
            total.add(signals[name], codes[name])
    return [
        TensorNoise(
            tensor=op.outputs[0],
            kind=op.kind,
            macs=op_macs(graph, op),
            scale=total.scale,
            zero_point=total.zero_point,
            decibels=total.decibels,
            saturated=total.saturated / total.count,
        )
        for op, total in zip(graph.ops, sums.values(), strict=True)
    ]


def signal_to_noise(
    network: FloatNetwork, graph: Graph, images: NDArray[np.uint8]
) -> dict[str, float]:
    """`noise_report`'s ratios in decibels, by tensor name."""
    return {entry.tensor: entry.decibels for entry in noise_report(network, graph, images)}


class _Sums:
    """Over the values of one tensor seen so far."""

    def __init__(self, tensor: Tensor) -> None:
        self.scale, self.zero_point = scale_of(tensor), zero_point_of(tensor)
        self.count = self.saturated = 0
        self._signal = self._squares = self._noise = 0.0

    def add(self, values: NDArray[np.float32], codes: NDArray[np.generic]) -> None:
        signal = values.astype(np.float64).ravel()
        flat = codes.astype(np.float64).ravel()
        self.count += len(signal)
        self._signal += signal.sum()
        self._squares += (signal**2).sum()
        self._noise += (((flat - self.zero_point) * self.scale - signal) ** 2).sum()
        ends = [end for end in (-128, 127) if end != self.zero_point]
        self.saturated += int(np.isin(flat, ends).sum())

    @property
    def decibels(self) -> float:
        return decibels(self._squares - self._signal**2 / self.count, self._noise)


def decibels(signal: float, noise: float) -> float:
    """Of two powers: infinite without noise, -infinite for noise without signal."""
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")
