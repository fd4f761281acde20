"""The weights of a search result, read again and quantised: they come without activation ranges."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tinynas.data import Dataset, load_dataset
from tinynas.emit import MIN_VECTORS
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.progress import Reporter
from tinynas.quantise import best_post_training, int8_input, quantise_network
from tinynas.spaces import Architecture, Subspace, find_space, network_of
from tinynas.supernet import Subnet

SUFFIX = ".pt"
CALIBRATION_IMAGES = 256


@dataclass(frozen=True, eq=False)
class QuantisedWeights:
    """The int8 graph, and test images as its inputs int8 [16, H, W, C]."""

    graph: Graph
    inputs: NDArray[np.int8]


def quantised_weights(
    path: Path, calibration: str | None, *, seed: int = 0, reporter: Reporter | None = None
) -> QuantisedWeights:
    """A search result's `model.pt`, with activation ranges from training images of `calibration`.

    Raises:
        InvalidInputError: no such file, not a search result's, no data named, or data whose images
            or classes are not the network's.
    """
    if calibration is None:
        raise InvalidInputError(
            f"{path.name} holds weights without activation ranges; name the data that show them: "
            "--calibration DATA",
            field="calibration",
            given=None,
            allowed="a known data set, or a folder of class folders",
        )
    subnet, resolution = _read(path)
    dataset = load_dataset(calibration, seed=seed, reporter=reporter)
    _check(subnet, dataset)
    images = dataset.at(resolution).calibration_images(CALIBRATION_IMAGES, seed=seed)
    graph = quantise_network(best_post_training(subnet, images, reporter=reporter).calibrated)
    chosen = np.arange(MIN_VECTORS) % len(dataset.test)
    return QuantisedWeights(graph, int8_input(dataset.test.take(chosen).at(resolution).images))


def _read(path: Path) -> tuple[Subnet, int]:
    """The network, in `eval` mode, and the side of its images."""
    try:
        saved: dict[str, Any] = torch.load(path, weights_only=True)
        space = find_space(saved["architecture"]["space"], saved.get("definition", ""))
        architecture = Architecture.from_json(space, saved["architecture"])
        subspace = Subspace(space, saved["width"], saved["resolution"])
        shape = network_of(
            subspace,
            architecture,
            classes=len(saved["classes"]),
            input_channels=saved["input_channels"],
        )
        subnet = Subnet(shape)
        subnet.load_state_dict(saved["state_dict"])
    except (OSError, EOFError, KeyError, TypeError, RuntimeError, pickle.UnpicklingError) as error:
        raise InvalidInputError(
            f"model: {path} is no search result's weights ({type(error).__name__}: {error})",
            field="model",
            given=str(path),
            allowed="the model.pt of a search",
        ) from error
    return subnet.eval(), int(saved["resolution"])


def _check(subnet: Subnet, dataset: Dataset) -> None:
    wanted, channels = subnet.network.stem.in_channels, dataset.input_channels
    if wanted != channels:
        raise InvalidInputError(
            f"calibration: {dataset.name} has images of {channels} channels, the network takes "
            f"{wanted}",
            field="calibration",
            given=channels,
            allowed=wanted,
        )
