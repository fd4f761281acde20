"""The baselines are the published networks, and go the whole way here."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
import torch

from benchmarks.accuracy_at_budget import baseline_resolutions, fit, parse_budget
from benchmarks.baselines import families
from benchmarks.baselines.mcunet import MCUNETS
from benchmarks.ledger import Ledger
from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.graph.reference import run
from tinynas.quantise import int8_input, quantise
from tinynas.spaces import Drawing
from tinynas.supernet import DrawnNet, logits, normalise, recalibrate

PUBLISHED = {
    # millions of MACs: (resolution, classes, as published or as counted for the anchors)
    "mobilenet-v1": (224, 1000, 569),
    "mobilenet-v2": (224, 1000, 300),
    "mnasnet-b1": (224, 1000, 315),
    "proxyless": (224, 1000, 320),
    "efficientnet-lite": (224, 1000, 385),
    # 349 less its convolution to 1,000 classes over 13 x 13 (86), which is a dense layer here
    "squeezenet": (224, 1000, 263),
    "shufflenet-v2": (224, 1000, 146),
    "mcunet-in0": (48, 1000, 6.4),
    "mcunet-in1": (96, 1000, 12.8),
    "mcunet-in2": (160, 1000, 67.3),
    "mcunet-in3": (176, 1000, 81.786),
    "mcunet-in4": (160, 1000, 125.9),
    "mcunet-vww0": (64, 2, 6.0),
    "mcunet-vww1": (80, 2, 11.579),
    "mcunet-vww2": (144, 2, 55.8),
    "mlperf-resnet8": (32, 10, 12.5),
    "mlperf-mobilenet-v1-0.25": (96, 2, 7.5),
}

MILLIONS_OF_PARAMETERS = {
    "mcunet-in0": 0.75,
    "mcunet-in1": 0.64,
    "mcunet-in2": 0.73,
    "mcunet-in3": 0.74,
    "mcunet-in4": 1.73,
    "mcunet-vww0": 0.37,
    "mcunet-vww1": 0.43,
    "mcunet-vww2": 0.64,
}
"""Of MCUNet's model zoo."""


@pytest.mark.parametrize("name", families())
def test_it_does_the_published_work(name: str) -> None:
    resolution, classes, millions = PUBLISHED[name]
    network = families()[name].draw(1.0, resolution, 3, classes)
    # SqueezeNet is published without padding, so with maps a little smaller.
    tolerance = 0.1 if name == "squeezenet" else 0.02
    assert network.graph.macs / 1e6 == pytest.approx(millions, rel=tolerance)


@pytest.mark.parametrize("name", MCUNETS)
def test_an_mcunet_has_the_published_parameters(name: str) -> None:
    resolution, classes, _ = PUBLISHED[name]
    graph = families()[name].draw(1.0, resolution, 3, classes).graph
    weights, biases = (
        sum(prod(t.shape) for t in graph.tensors.values() if t.name.endswith(part))
        for part in (".weight", ".bias")
    )
    count = weights + 2 * (biases - classes) + classes  # batch norm has two for every channel
    assert count / 1e6 == pytest.approx(MILLIONS_OF_PARAMETERS[name], abs=0.006)


@pytest.mark.parametrize("name", families())
def test_it_goes_the_whole_way(name: str) -> None:
    """Float, trained and folded alike; then int8, whose outputs follow."""
    network = families()[name].draw(0.1 if "mlperf" not in name else 1.0, 32, 3, 10)
    torch.manual_seed(0)
    net = DrawnNet(network)
    images = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    recalibrate(net, images)
    wanted = logits(net, images)
    with torch.no_grad():
        np.testing.assert_allclose(net(normalise(images)).numpy(), wanted, atol=1e-3)
    graph = quantise(net, images)
    codes = run(graph, {"input": int8_input(images)})[graph.outputs[0]]
    assert codes.shape == (16, 10)
    assert (
        np.corrcoef(codes.ravel(), wanted.ravel())[0, 1] > 0.6
    )  # of random weights; a wrong one gives 0


def test_the_widest_that_fits_is_taken() -> None:
    budget, device = parse_budget("16KB:64KB"), load_device("stm32f411xe")
    family, digits = families()["mlperf-resnet8"], load_dataset("digits")
    found = fit(family, 16, budget, digits, device)
    assert found is not None
    network, cost, _ = found
    assert cost.sram_bytes <= budget.sram_bytes
    assert cost.flash_bytes <= budget.flash_bytes
    assert network.input_channels == 1
    assert fit(family, 16, parse_budget("1KB:4KB"), digits, device) is None


def test_small_photographs_are_spared_two_halvings() -> None:
    family = families()["mobilenet-v2"]
    for resolution, last in ((32, 4), (224, 7)):
        graph = family.draw(0.25, resolution, 3, 10).graph
        before_mean = graph.tensors[graph.ops[-2].inputs[0]]
        assert before_mean.shape[1] == last


def test_a_ledger_keeps_what_is_known(tmp_path) -> None:
    file, made = tmp_path / "ledger.jsonl", []

    def make() -> int:
        made.append(1)
        return 7

    assert Ledger(file).get({"a": 1}, make) == 7
    file.write_text(file.read_text() + '{"id": "half')
    ledger = Ledger(file)
    assert ledger.get({"a": 1}, make) == ledger.find({"a": 1}) == 7
    assert ledger.find({"a": 2}) is None
    assert len(made) == 1


def test_the_drawing_keeps_to_its_sizes() -> None:
    drawing = Drawing(9, 3)
    x = drawing.conv("input", 4, 3, 2)
    assert (drawing.size(x), drawing.channels(x)) == (5, 4)


def test_baselines_may_choose_their_resolution_as_the_search_does() -> None:
    assert baseline_resolutions(32) == [32, 64]
    assert baseline_resolutions(128) == [128, 64]
