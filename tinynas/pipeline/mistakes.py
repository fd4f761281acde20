"""The test images that the network was most wrong about: to look at, not to count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinynas.data import Split
from tinynas.graph.arithmetic import scale_of, zero_point_of
from tinynas.graph.ir import Graph
from tinynas.report import MistakeData, picture

WORST = 24


def worst_mistakes(
    graph: Graph,
    outputs: NDArray[np.int8],
    test: Split,
    classes: Sequence[str],
    *,
    limit: int = WORST,
) -> list[MistakeData]:
    """The mistakes that the network was surest of, as pictures at the data's own resolution.

    Args:
        outputs: int8 [N, classes], what `graph` says of the test images.
        test: the same images, as they were before they were resized for the network.
    """
    shares = _softmax(outputs, graph)
    taken_for = outputs.argmax(axis=1)
    wrong = np.flatnonzero(taken_for != test.labels)
    sure = shares[wrong, taken_for[wrong]] - shares[wrong, test.labels[wrong]]
    worst = wrong[np.argsort(-sure, kind="stable")[:limit]]
    return [
        {
            "image": picture(test.images[i]),
            "index": int(i),
            "true": classes[test.labels[i]],
            "taken_for": classes[taken_for[i]],
            "confidence": round(float(shares[i, taken_for[i]]), 4),
            "confidence_in_truth": round(float(shares[i, test.labels[i]]), 4),
        }
        for i in worst
    ]


def _softmax(outputs: NDArray[np.int8], graph: Graph) -> NDArray[np.float64]:
    """Shares [N, classes] that sum to 1, from the real values of int8 logits."""
    output = graph.tensors[graph.outputs[0]]
    real = (outputs.astype(np.float64) - zero_point_of(output)) * scale_of(output)
    powers = np.exp(real - real.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
