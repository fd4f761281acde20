"""Bias correction: what quantisation adds to a layer's output on average, its bias takes away.

Nagel et al. 2019 (arXiv 1906.04721, section 4.2), the empirical variant of appendix D: layer after
layer, with what comes before already quantised and corrected.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinynas.graph.ir import Activation, Graph
from tinynas.quantise.calibration import check_images
from tinynas.quantise.network import Calibrated
from tinynas.quantise.simulation import SimulatedGraph
from tinynas.supernet import normalise, torch_threads
from tinynas.supernet.float_ops import combine, to_torch
from tinynas.supernet.layers import activate_

# The whole of a tensor is held for this many; both networks see the same, so they are enough.
_IMAGES = 64


@torch.no_grad()
def correct_bias(calibrated: Calibrated, images: NDArray[np.uint8]) -> Calibrated:
    """The same weights and ranges with biases that keep every channel's mean on the images.

    The mean is that of the layer's output before its activation function.

    Raises:
        InvalidInputError: the images [N, H, W, C] are of another shape.
    """
    check_images(calibrated.network, images)
    with torch_threads(1):
        biases = _corrected(calibrated, normalise(images[:: -(-len(images) // _IMAGES)]))
    weights = {n: (weight, biases[n]) for n, (weight, _) in calibrated.weights.items()}
    return replace(calibrated, weights=weights)


def _corrected(calibrated: Calibrated, images: Tensor) -> dict[str, NDArray[np.float32]]:
    simulated = SimulatedGraph(calibrated)
    graph = simulated.graph
    actual, rounded = ({graph.inputs[0]: images} for _ in range(2))
    biases: dict[str, NDArray[np.float32]] = {}
    for i, op in enumerate(graph.ops):
        (name,) = op.outputs
        inputs = [actual[n] for n in op.inputs if n in actual]
        got = simulated.accumulate(op, rounded)
        if name in calibrated.weights:
            weight, bias = calibrated.weights[name]
            wanted = combine(op, inputs, to_torch(op, weight), torch.tensor(bias))
            error = _mean(got - wanted)
            biases[name] = (torch.tensor(bias) - error).numpy()
            got -= error.reshape(-1, *(1,) * (got.dim() - 2))
        else:
            wanted = combine(op, inputs)
        activation = getattr(op.attributes, "activation", Activation.NONE)
        rounded[name] = simulated.quantised(op, got)
        actual[name] = activate_(wanted, activation)
        _forget(graph, i, actual, rounded)
    return biases


def _mean(values: Tensor) -> Tensor:
    """Mean of each channel [C] of [N, C] or [N, C, H, W]."""
    return values.mean(dim=[d for d in range(values.dim()) if d != 1])


def _forget(graph: Graph, done: int, *held: dict[str, Tensor]) -> None:
    """Drop the tensors that no op after number `done` reads."""
    needed = {n for op in graph.ops[done + 1 :] for n in op.inputs}
    for tensors in held:
        for name in set(tensors) - needed:
            del tensors[name]
