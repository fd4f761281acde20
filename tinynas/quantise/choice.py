"""Choosing among the ways of quantising without training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run
from tinynas.progress import Reporter
from tinynas.quantise.accuracy import int8_input
from tinynas.quantise.bias import correct_bias
from tinynas.quantise.calibration import histograms, in_float
from tinynas.quantise.equalisation import equalise
from tinynas.quantise.estimators import Estimator, choose_range
from tinynas.quantise.network import Calibrated, FloatNetwork, Folded
from tinynas.quantise.noise import decibels
from tinynas.quantise.quantiser import quantise_network
from tinynas.supernet import torch_threads

_JUDGED = 128
"""Images by which the ways are compared: each gives all its logits, so these are enough."""


@dataclass(frozen=True, eq=False)
class PostTraining:
    """One way of quantising, biases corrected, and what it gave.

    `network` is the float network that `calibrated` was made from, equalised if it was.
    `decibels` is the signal-to-noise ratio of the logits on some of the images.
    """

    estimator: Estimator
    equalised: bool
    network: FloatNetwork
    calibrated: Calibrated
    decibels: float

    def to_json(self) -> dict[str, Any]:
        finite = self.decibels if np.isfinite(self.decibels) else None
        return {
            "estimator": self.estimator.value,
            "equalised": self.equalised,
            "signal_to_noise_db": finite,
        }


def best_post_training(
    network: FloatNetwork, images: NDArray[np.uint8], *, reporter: Reporter | None = None
) -> PostTraining:
    """The way whose logits are nearest to the float network's; needs no labels.

    Which estimator suits, and whether equalisation helps, differs from network to network; trying
    them all takes seconds.  Bias correction has not been seen to hurt, so all have it.

    Raises:
        InvalidInputError: the images are of another shape, or the network diverged.
        CancelledError: `reporter` was asked to stop.
    """
    reporter = reporter or Reporter()
    judged = images[:: -(-len(images) // _JUDGED)]
    with torch_threads(1):
        wanted = in_float(network).logits(judged).numpy()
    best: PostTraining | None = None
    ways = _ways(network, images, judged, wanted.astype(np.float64))
    for done, way in enumerate(ways, start=1):
        reporter.raise_if_cancelled()
        reporter.progress(done, 2 * len(Estimator), "ways to quantise")
        if best is None or way.decibels > best.decibels:
            best = way
    assert best is not None  # noqa: S101
    return best


def _ways(
    network: FloatNetwork,
    images: NDArray[np.uint8],
    judged: NDArray[np.uint8],
    wanted: NDArray[np.float64],
) -> Iterator[PostTraining]:
    for equalised in (False, True):
        source: FloatNetwork = Folded(network.network, network.folded())
        if equalised:
            source = equalise(source, images)
        seen = histograms(source, images)
        for estimator in Estimator:
            ranges = {name: choose_range(h, estimator) for name, h in seen.items()}
            settled = Calibrated(source.network, source.folded(), ranges)
            settled = correct_bias(settled, images)
            noise = ((real_logits(quantise_network(settled), judged) - wanted) ** 2).mean()
            ratio = decibels(float(wanted.var()), float(noise))
            yield PostTraining(estimator, equalised, source, settled, ratio)


def real_logits(graph: Graph, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the int8 logits [N, classes] of images [N, H, W, C] stand for."""
    output = graph.tensors[graph.outputs[0]]
    codes = run(graph, {graph.inputs[0]: int8_input(images)})[output.name]
    return (codes.astype(np.float64) - zero_point_of(output)) * scale_of(output)
