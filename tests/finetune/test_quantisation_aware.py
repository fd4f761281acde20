"""Training the int8 graph: better than its start or the start itself, seeded, resumable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tinynas.data import Dataset, Split, load_dataset
from tinynas.errors import CancelledError
from tinynas.finetune import finetune, quantisation_aware_finetune
from tinynas.graph.reference import run
from tinynas.progress import Event, Reporter
from tinynas.quantise import (
    Calibrated,
    SimulatedGraph,
    int8_accuracy,
    int8_input,
    post_training,
    quantise_network,
)
from tinynas.spaces import Subspace, load_space, network_of
from tinynas.supernet import Subnet, TrainingPlan, normalise

PLAN = TrainingPlan(images=6400, batch_size=32, threads=1, learning_rate=3e-3)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits").at(16)


@pytest.fixture(scope="module")
def subnet(digits: Dataset) -> Subnet:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 16), space.smallest, classes=10, input_channels=1)
    torch.manual_seed(0)
    plan = TrainingPlan(images=8000, batch_size=32, threads=1, learning_rate=5e-3)
    return finetune(Subnet(network), None, digits, plan)


@pytest.fixture(scope="module")
def coarse(subnet: Subnet, digits: Dataset) -> Calibrated:
    """Ranges far too wide in three layers, so that post-training quantisation loses a lot."""
    good = post_training(subnet, digits.calibration_images())
    ranges = dict(good.ranges)
    for name, factor in (("b1.project", 48), ("b2.depthwise", 24), ("b3.project", 48)):
        low, high = ranges[name]
        ranges[name] = factor * low, factor * high
    return replace(good, ranges=ranges)


def accuracy(calibrated: Calibrated, split: Split) -> float:
    return int8_accuracy(quantise_network(calibrated), split.images, split.labels)


def assert_equal(first: Calibrated, second: Calibrated) -> None:
    assert first.ranges == second.ranges
    for name, (weight, bias) in first.weights.items():
        np.testing.assert_array_equal(weight, second.weights[name][0])
        np.testing.assert_array_equal(bias, second.weights[name][1])


def test_what_quantisation_lost_is_learned_again(
    subnet: Subnet, coarse: Calibrated, digits: Dataset
) -> None:
    events: list[Event] = []
    tuned = quantisation_aware_finetune(
        coarse, subnet, digits, PLAN, reporter=Reporter("finetune", events.append)
    )
    before, after = accuracy(coarse, digits.test), accuracy(tuned, digits.test)
    lossless = accuracy(post_training(subnet, digits.calibration_images()), digits.test)
    assert before < lossless - 0.05
    assert after > lossless - 0.02
    scales = [tuned.ranges[n][1] / coarse.ranges[n][1] for n in ("b1.project", "b3.project")]
    assert max(scales) < 0.95, "the wide ranges narrow"
    curves = [e.data for e in events if e.kind == "metric"]
    assert {c["name"] for c in curves} == {"quantisation"}
    assert any("validation_accuracy" in c["values"] for c in curves)


def test_the_graph_is_what_was_trained(coarse: Calibrated, digits: Dataset) -> None:
    tuned = quantisation_aware_finetune(coarse, None, digits, replace(PLAN, images=640))
    images = digits.test.images
    codes = run(quantise_network(tuned), {"input": int8_input(images)})["logits"]
    with torch.no_grad():
        trained = SimulatedGraph(tuned)(normalise(images)).numpy()
    assert (codes.argmax(1) == trained.argmax(1)).mean() > 0.97


def test_training_that_does_not_help_gives_the_start_back(subnet: Subnet, digits: Dataset) -> None:
    start = post_training(subnet, digits.calibration_images())
    ruinous = TrainingPlan(images=320, batch_size=32, threads=1, learning_rate=0.5, warmup=0)
    assert quantisation_aware_finetune(start, None, digits, ruinous) is start


def test_the_same_plan_gives_the_same_graph_also_in_two_parts(
    subnet: Subnet, coarse: Calibrated, digits: Dataset, tmp_path: Path
) -> None:
    plan = replace(PLAN, images=640, checkpoint_seconds=0.0)
    whole = quantisation_aware_finetune(coarse, subnet, digits, plan)
    asked = iter(range(1000))
    stopping = Reporter("finetune", cancelled=lambda: next(asked) > 8)
    checkpoint = tmp_path / "checkpoint.pt"
    with pytest.raises(CancelledError):
        quantisation_aware_finetune(
            coarse, subnet, digits, plan, checkpoint=checkpoint, reporter=stopping
        )
    assert checkpoint.is_file()
    parts = quantisation_aware_finetune(coarse, subnet, digits, plan, checkpoint=checkpoint)
    assert whole is not coarse
    assert_equal(whole, parts)


def test_a_teacher_of_another_task_is_refused(coarse: Calibrated, digits: Dataset) -> None:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 24), space.smallest, classes=10, input_channels=1)
    with pytest.raises(ValueError, match=r"teacher's .* \(24, 1, 10\)"):
        quantisation_aware_finetune(coarse, Subnet(network), digits, PLAN)
