"""How much of each tensor survives quantisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run
from tinynas.quantise.accuracy import int8_input
from tinynas.supernet import Subnet


def signal_to_noise(subnet: Subnet, graph: Graph, images: NDArray[np.uint8]) -> dict[str, float]:
    """Signal-to-noise ratio in decibels of every tensor that an op writes, in order.

    The signal is the float network's tensor about its mean, the noise its difference from the int8
    graph's: so it holds what earlier layers did wrong too.  Infinite where there is no noise,
    -infinite where a noisy tensor has no signal.

    Args:
        images: uint8 [N, H, W, C]; some tens are enough.
    """
    names = [op.outputs[0] for op in graph.ops]
    codes = run(graph, {graph.inputs[0]: int8_input(images)}, keep=names)
    signals = subnet.activations(images)
    ratios = {}
    for name in names:
        tensor, signal = graph.tensors[name], signals[name].numpy().astype(np.float64)
        real = (codes[name].astype(np.float64) - zero_point_of(tensor)) * scale_of(tensor)
        ratios[name] = _decibels(signal.var(), ((real.reshape(signal.shape) - signal) ** 2).mean())
    return ratios


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(signal / noise)) if signal > 0 else float("-inf")
