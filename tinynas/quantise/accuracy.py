"""Accuracy of an int8 graph, by the integer reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run
from tinynas.progress import Reporter

_BATCH = 500


def int8_input(images: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The network's int8 input for uint8 images: exactly u8 - 128."""
    return (images ^ np.uint8(0x80)).view(np.int8)


def int8_outputs(
    graph: Graph, images: NDArray[np.uint8], *, reporter: Reporter | None = None
) -> NDArray[np.int8]:
    """The int8 outputs [N, classes] for uint8 images [N, H, W, C], by the integer reference.

    Raises:
        CancelledError: `reporter` was asked to stop.
    """
    reporter = reporter or Reporter()
    name = graph.outputs[0]
    outputs = np.zeros((len(images), *graph.tensors[name].shape[1:]), dtype=np.int8)
    for start in range(0, len(images), _BATCH):
        batch = slice(start, start + _BATCH)
        outputs[batch] = run(graph, {graph.inputs[0]: int8_input(images[batch])})[name]
        reporter.progress(min(start + _BATCH, len(images)), len(images), "images")
    return outputs


def classify(
    graph: Graph, images: NDArray[np.uint8], *, reporter: Reporter | None = None
) -> NDArray[np.int64]:
    """The class [N] of each uint8 image [N, H, W, C]: where its largest output is.

    Of equal outputs the first counts, as on the device.

    Raises:
        CancelledError: `reporter` was asked to stop.
    """
    return np.asarray(int8_outputs(graph, images, reporter=reporter).argmax(axis=1))


def int8_accuracy(
    graph: Graph,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    reporter: Reporter | None = None,
) -> float:
    """Share of uint8 images [N, H, W, C] that `classify` gives their label.

    Raises:
        InvalidInputError: no images, or not one label an image.
        CancelledError: `reporter` was asked to stop.
    """
    if not len(images) or len(images) != len(labels):
        raise InvalidInputError(
            f"{len(images)} images and {len(labels)} labels", field="images", given=len(images)
        )
    return float((classify(graph, images, reporter=reporter) == labels).mean())
