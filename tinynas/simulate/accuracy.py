"""Accuracy of a bundle on a data set, counted on the simulated device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynas.data import Dataset, load_dataset
from tinynas.emit import Bundle
from tinynas.errors import InvalidInputError
from tinynas.graph.arithmetic.fixed_point import scale_of, zero_point_of
from tinynas.graph.ir import Graph, Tensor
from tinynas.graph.rows import run_rows
from tinynas.progress import Reporter


@dataclass(frozen=True)
class Normalisation:
    """What a pixel p in 0 to 255 means to a network: the real number (p - mean) / std.

    A network that was trained on [0, 1] has (0, 255), on [-1, 1] (127.5, 127.5).
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0):
            raise InvalidInputError(
                "pixels cannot be normalised so",
                field="mean, std",
                given=f"{self.mean}, {self.std}",
                allowed="finite numbers, std above 0",
            )

    def quantised(self, pixels: NDArray[np.uint8], like: Tensor) -> NDArray[np.int8]:
        """Pixels of any shape in the scale and zero point of the input `like`, halves to even."""
        steps = np.rint((np.arange(256) - self.mean) / self.std / scale_of(like))
        table = np.clip(steps + zero_point_of(like), -128, 127).astype(np.int8)
        found: NDArray[np.int8] = table[pixels]
        return found


@dataclass(frozen=True)
class LabelledRows:
    """Test images as a network's inputs int8 [N, H, W, C], with their labels [N]."""

    dataset: str
    inputs: NDArray[np.int8]
    labels: NDArray[np.int64]

    def accuracy(self, outputs: NDArray[np.generic]) -> float:
        """Share of the output rows [N, classes] (int8, as bytes too) largest at the label.

        Of equal outputs the first counts.
        """
        chosen = outputs.view(np.int8).argmax(axis=1)
        return float((chosen == self.labels).mean())

    def reference_accuracy(self, graph: Graph) -> float:
        """The same by the integer reference."""
        return self.accuracy(run_rows(graph, self.inputs))


def labelled_rows(
    bundle: Bundle,
    dataset: str | Path,
    limit: int | None,
    *,
    normalisation: Normalisation | None = None,
    reporter: Reporter | None = None,
) -> LabelledRows:
    """`limit` images of the test split, evenly spread over it, as the bundle's inputs.

    normalisation: what a pixel means to the network. Without one a pixel p enters as p - 128: the
        network's input range is that of the pixels, as in every network found here.

    Raises:
        InvalidInputError: no such data set, or the network is none for its images or classes.
    """
    graph = bundle.graph
    data = load_dataset(dataset, reporter=reporter)
    rows, columns, channels = _image_shape(graph)
    _check(graph, data, channels)
    if rows != columns:
        raise _unfit(f"the network takes images of {rows} x {columns}; data sets are square")
    count = len(data.test) if limit is None else min(limit, len(data.test))
    chosen = np.linspace(0, len(data.test), count, endpoint=False).astype(np.int64)
    split = data.test.take(chosen).at(rows)
    if normalisation is None:
        inputs = (split.images ^ np.uint8(0x80)).view(np.int8)
    else:
        inputs = normalisation.quantised(split.images, graph.tensors[graph.inputs[0]])
    return LabelledRows(data.name, inputs, split.labels)


def _image_shape(graph: Graph) -> tuple[int, int, int]:
    shape = graph.tensors[graph.inputs[0]].shape
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or len(shape) != 4:
        raise _unfit("the network does not take one image and give one output")
    return shape[1], shape[2], shape[3]


def _check(graph: Graph, data: Dataset, channels: int) -> None:
    if channels != data.input_channels:
        raise _unfit(
            f"the network takes {channels} channels, {data.name} has {data.input_channels}"
        )
    classes = graph.tensors[graph.outputs[0]].elements
    if classes != len(data.classes):
        raise _unfit(f"the network tells {classes} classes, {data.name} has {len(data.classes)}")


def _unfit(message: str) -> InvalidInputError:
    return InvalidInputError(
        message, field="dataset", given=message, allowed="a data set that fits"
    )
