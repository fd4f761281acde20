"""What values each tensor of a float network takes on a set of images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.quantise.estimators import Estimator, choose_range
from tinynas.quantise.network import FloatNetwork
from tinynas.quantise.ranges import Histogram, Range
from tinynas.spaces import NetworkShape, Shape
from tinynas.supernet import FloatGraph, FoldedNetwork, torch_threads

BATCH = 32
_BINS = 2048


def calibrate(
    network: FloatNetwork,
    images: NDArray[np.uint8],
    *,
    estimator: Estimator = Estimator.MINMAX,
) -> dict[str, Range]:
    """The range (min, max) to quantise each activation tensor over, by tensor name.

    Args:
        network: the float network; batch norm folded, as it will be quantised.
        images: uint8 [N, H, W, C] at the network's resolution, some hundred of them.
        estimator: how a range is chosen from the values; `minmax` is what occurred.

    Raises:
        InvalidInputError: no images, images of another shape, or activations that are not finite.
    """
    if estimator is Estimator.MINMAX:
        return _extremes(network, images)
    return {name: choose_range(h, estimator) for name, h in histograms(network, images).items()}


def histograms(network: FloatNetwork, images: NDArray[np.uint8]) -> dict[str, Histogram]:
    """The values of each activation tensor, by its name; raises as `calibrate`."""
    ranges = _extremes(network, images)
    counts = {name: np.zeros(_BINS, dtype=np.int64) for name in ranges}
    for name, values in activations(network, images):
        counts[name] += np.histogram(values[values != 0], bins=_BINS, range=ranges[name])[0]
    return {name: Histogram(*ranges[name], counts[name]) for name in ranges}


def _extremes(network: FloatNetwork, images: NDArray[np.uint8]) -> dict[str, Range]:
    ranges: dict[str, Range] = {}
    for name, values in activations(network, images):
        low, high = ranges.get(name, (np.inf, -np.inf))
        ranges[name] = min(low, float(values.min())), max(high, float(values.max()))
    wrong = [name for name, pair in ranges.items() if not np.isfinite(pair).all()]
    if wrong:
        raise InvalidInputError(
            f"tensor {wrong[0]} is not finite on the calibration images: the network diverged",
            field="subnet",
            given=wrong[0],
        )
    return ranges


def activations(
    network: FloatNetwork, images: NDArray[np.uint8]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """(tensor name, values NHWC or [N, C]) in the order of execution, batch after batch.

    Raises:
        InvalidInputError: no images, or images of another shape than the network's.
    """
    check_images(network.network, images)
    folded = in_float(network)
    for start in range(0, len(images), BATCH):
        # One thread: sums over several round otherwise, and the scales would depend on the machine.
        with torch_threads(1):
            for name, tensor in folded.tensors(images[start : start + BATCH]):
                yield name, (tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor).numpy()


def in_float(network: FloatNetwork) -> FoldedNetwork | FloatGraph:
    """What computes the float network, batch norm folded."""
    if isinstance(network.network, NetworkShape):
        return FoldedNetwork(network.network, network.folded())
    return FloatGraph(network.network.graph, network.folded())


def check_images(network: Shape, images: NDArray[np.uint8]) -> None:
    """Raises: InvalidInputError: no images, or images of another shape than the network's."""
    expected = (network.resolution, network.resolution, network.input_channels)
    if images.ndim != 4 or images.shape[1:] != expected or not len(images):
        raise InvalidInputError(
            f"calibration images are {list(images.shape)}, expected is one or more of "
            f"{list(expected)}",
            field="images",
            given=list(images.shape),
            allowed=["N", *expected],
        )
