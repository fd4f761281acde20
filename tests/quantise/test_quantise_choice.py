"""The best way without training is found without labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tinynas.errors import CancelledError
from tinynas.progress import Reporter
from tinynas.quantise import (
    Estimator,
    best_post_training,
    int8_accuracy,
    noise_report,
    post_training,
    quantise_network,
    real_logits,
)


def test_the_best_is_at_least_as_near_as_every_way_alone(trained: Any) -> None:
    images = trained.train_images[:128]
    best = best_post_training(trained.subnet, images)
    wanted = trained.subnet.activations(images)["logits"].numpy()

    def noise(calibrated: Any) -> float:
        return float(((real_logits(quantise_network(calibrated), images) - wanted) ** 2).mean())

    for estimator in Estimator:
        for equalised in (False, True):
            way = post_training(
                trained.subnet, images, estimator=estimator, equalised=equalised, corrected=True
            )
            assert noise(best.calibrated) <= noise(way) * (1 + 1e-6)
    chosen = post_training(
        trained.subnet,
        images,
        estimator=best.estimator,
        equalised=best.equalised,
        corrected=True,
    )
    assert noise(chosen) == pytest.approx(noise(best.calibrated))
    graph = quantise_network(best.calibrated)
    accuracy = int8_accuracy(graph, trained.test_images, trained.test_labels)
    assert accuracy >= trained.float_accuracy() - 0.01


def test_its_network_is_what_its_noise_is_measured_against(trained: Any) -> None:
    images = trained.train_images[:128]
    best = best_post_training(trained.subnet, images)
    report = noise_report(best.network, quantise_network(best.calibrated), images)
    assert report[-1].tensor == "logits"
    assert report[-1].decibels == pytest.approx(best.decibels, abs=0.2)
    assert min(entry.decibels for entry in report) > 15
    assert all(0 <= entry.saturated < 0.2 for entry in report)
    assert best.to_json()["estimator"] in list(Estimator)


def test_a_network_without_a_signal_still_has_a_best(subnet: Any, images: np.ndarray) -> None:
    with torch.no_grad():
        for parameter in subnet.parameters():
            parameter.zero_()
    best = best_post_training(subnet, images)
    assert best.to_json()["signal_to_noise_db"] is None


def test_the_search_can_be_cancelled(subnet: Any, images: np.ndarray) -> None:
    with pytest.raises(CancelledError):
        best_post_training(subnet, images, reporter=Reporter(cancelled=lambda: True))
