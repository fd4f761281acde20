"""Bias correction keeps means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Graph
from tinynas.graph.reference import run
from tinynas.quantise import (
    Calibrated,
    calibrate,
    correct_bias,
    int8_input,
    quantise,
    quantise_network,
)


@pytest.fixture
def calibrated(trained: Any) -> Calibrated:
    subnet, images = trained.subnet, trained.train_images[:256]
    return Calibrated(subnet.network, subnet.folded(), calibrate(subnet, images))


def mean_logits(graph: Graph, images: np.ndarray) -> np.ndarray:
    codes = run(graph, {"input": int8_input(images)})["logits"].astype(np.float64)
    q = graph.tensors["logits"].quantisation
    assert q is not None
    return ((codes - q.zero_point) * q.scale[0]).mean(axis=0)


def test_errors_of_the_mean_shrink_on_unseen_images(trained: Any, calibrated: Calibrated) -> None:
    # Coarse ranges in one tensor and a cut in another: errors that all images share.
    ranges = dict(calibrated.ranges)
    ranges["b1.project"] = tuple(8 * v for v in ranges["b1.project"])
    ranges["b2.depthwise"] = 0.0, 0.5 * ranges["b2.depthwise"][1]
    coarse = Calibrated(calibrated.network, calibrated.weights, ranges)
    images = trained.test_images[:200]
    wanted = trained.subnet.activations(images)["logits"].numpy().mean(axis=0)
    corrected = correct_bias(coarse, trained.train_images[:256])
    before, after = (
        np.abs(mean_logits(quantise_network(c), images) - wanted).mean()
        for c in (coarse, corrected)
    )
    assert before > 0.03
    assert after < 0.75 * before


def test_only_biases_change(calibrated: Calibrated, trained: Any) -> None:
    corrected = correct_bias(calibrated, trained.train_images[:64])
    assert corrected.ranges == calibrated.ranges
    assert list(corrected.weights) == list(calibrated.weights)
    moved = 0
    for name, (weight, bias) in corrected.weights.items():
        np.testing.assert_array_equal(weight, calibrated.weights[name][0])
        moved += int((bias != calibrated.weights[name][1]).sum())
        assert bias.dtype == np.float32
        assert np.abs(bias - calibrated.weights[name][1]).max() < 0.1
    assert moved > 50


def test_quantise_corrects_on_request(trained: Any) -> None:
    subnet, images = trained.subnet, trained.train_images[:64]
    plain, corrected = (quantise(subnet, images, corrected=c) for c in (False, True))
    again = quantise(subnet, images, corrected=True)
    assert plain == corrected  # all but the data
    differences = 0
    for name, tensor in corrected.tensors.items():
        if tensor.data is not None:
            np.testing.assert_array_equal(tensor.data, again.tensors[name].data)
            differences += int((tensor.data != plain.tensors[name].data).sum())
            assert name.endswith("bias") or (tensor.data == plain.tensors[name].data).all()
    assert differences > 50


def test_images_of_another_shape_are_refused(calibrated: Calibrated) -> None:
    with pytest.raises(InvalidInputError, match="expected is one or more"):
        correct_bias(calibrated, np.zeros((2, 8, 8, 1), dtype=np.uint8))
