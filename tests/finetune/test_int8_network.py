"""Training only where post-training quantisation loses too much."""

from __future__ import annotations

import pytest
import torch

from tinynas.data import Dataset, load_dataset
from tinynas.finetune import finetune, int8_network
from tinynas.progress import Event, Reporter
from tinynas.quantise import int8_accuracy, quantise_network
from tinynas.spaces import Subspace, load_space, network_of
from tinynas.supernet import Subnet, TrainingPlan

PLAN = TrainingPlan(images=960, batch_size=32, threads=1, learning_rate=1e-3)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits").at(16)


@pytest.fixture(scope="module")
def subnet(digits: Dataset) -> Subnet:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 16), space.smallest, classes=10, input_channels=1)
    torch.manual_seed(0)
    plan = TrainingPlan(images=2000, batch_size=32, threads=1, learning_rate=5e-3)
    return finetune(Subnet(network), None, digits, plan)


def test_little_loss_needs_no_training(subnet: Subnet, digits: Dataset) -> None:
    events: list[Event] = []
    reporter = Reporter("quantise", events.append)
    result = int8_network(subnet, None, digits, PLAN, allowed_loss=0.05, reporter=reporter)
    assert result.method == "post-training"
    assert result.float_accuracy - result.int8_accuracy <= 0.05
    split = digits.validation
    graph = quantise_network(result.calibrated)
    assert result.int8_accuracy == int8_accuracy(graph, split.images, split.labels)
    assert not any(e.kind == "metric" for e in events)
    assert result.to_json()["validation"]["int8"] == result.int8_accuracy


def test_too_much_loss_is_trained_on(subnet: Subnet, digits: Dataset) -> None:
    events: list[Event] = []
    reporter = Reporter("quantise", events.append)
    # A gain is asked for, so any loss is too much.
    result = int8_network(subnet, None, digits, PLAN, allowed_loss=-1.0, reporter=reporter)
    untrained = int8_network(subnet, None, digits, PLAN, allowed_loss=1.0)
    assert any(e.kind == "metric" and e.data["name"] == "quantisation" for e in events)
    assert any("training on" in e.data.get("message", "") for e in events)
    # Whichever of the two is better on validation images is kept, so it is never worse.
    assert result.int8_accuracy >= untrained.int8_accuracy
