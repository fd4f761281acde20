"""Equalisation changes weights, not the function; and helps where channels differ."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation
from tinynas.quantise import Folded, equalise, quantise, signal_to_noise
from tinynas.quantise.calibration import activations
from tinynas.spaces import Architecture, NetworkShape, Subspace, load_space, network_of
from tinynas.spaces.model import SearchSpace
from tinynas.supernet import FoldedNetwork, Subnet, recalibrate


def logits(network: Any, images: np.ndarray) -> np.ndarray:
    return FoldedNetwork(network.network, network.folded()).logits(images).numpy()


def peaks(network: Any, images: np.ndarray, name: str) -> np.ndarray:
    values = next(v for n, v in activations(network, images) if n == name)
    return np.abs(values).max(axis=(0, 1, 2))


def spread(subnet: Subnet, rng: np.random.Generator) -> Folded:
    """`subnet` with channels between layers scaled by 1/16 to 1."""
    weights = dict(subnet.folded())
    for name in [n for n in weights if n.endswith((".expand", ".depthwise"))]:
        reader = name.replace("depthwise", "project").replace("expand", "depthwise")
        factors = 2.0 ** rng.uniform(-4, 0, weights[name][1].shape)
        weight, bias = weights[name]
        along = factors if name.endswith(".depthwise") else factors[:, None, None, None]
        weights[name] = (weight * along).astype(np.float32), (bias * factors).astype(np.float32)
        weight, bias = weights[reader]
        weights[reader] = (weight / factors).astype(np.float32), bias
    return Folded(subnet.network, weights)


def network_with(activation: Activation) -> NetworkShape:
    tiny = load_space("tiny")
    space = SearchSpace(**{**vars_of(tiny), "activation": activation})
    rows = space.sample(1, np.random.default_rng(3))
    (architecture,) = Architecture.of_rows(space, rows)
    return network_of(Subspace(space, 0.5, 16), architecture, classes=10, input_channels=1)


def vars_of(space: SearchSpace) -> dict[str, Any]:
    return {name: getattr(space, name) for name in SearchSpace.__dataclass_fields__}


def test_the_function_stays_on_the_images(trained: Any) -> None:
    images = trained.train_images[:128]
    got = logits(equalise(trained.subnet, images), images)
    np.testing.assert_allclose(got, logits(trained.subnet, images), atol=2e-4)


@pytest.mark.parametrize("activation", [Activation.RELU, Activation.NONE])
def test_without_a_cut_the_function_stays_on_all_images(
    activation: Activation, images: np.ndarray
) -> None:
    torch.manual_seed(0)
    subnet = Subnet(network_with(activation))
    recalibrate(subnet, images)
    equal = equalise(subnet, images[:4])
    other = np.random.default_rng(9).integers(0, 256, images.shape, dtype=np.uint8)
    wanted = logits(subnet, other)
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(logits(equal, other), wanted, rtol=1e-3, atol=1e-3)


def test_channels_come_to_fill_their_tensor(trained: Any) -> None:
    images = trained.train_images[:128]
    uneven = spread(trained.subnet, np.random.default_rng(0))
    equal = equalise(uneven, images)
    for name in ("b1.expand", "b2.expand"):
        before, after = peaks(uneven, images[:32], name), peaks(equal, images[:32], name)
        live = before > 0
        assert np.median(after[live]) > 2 * np.median(before[live])
    largest = {n: v.max() for n, v in activations(uneven, images[:32])}
    for name, values in activations(equal, images[:32]):
        assert values.max() <= largest[name] * 1.5


def test_uneven_channels_quantise_better(trained: Any) -> None:
    images = trained.train_images[:128]
    uneven = spread(trained.subnet, np.random.default_rng(0))
    equal = equalise(uneven, images)
    before = signal_to_noise(uneven, quantise(uneven, images), images[:64])
    after = signal_to_noise(equal, quantise(equal, images), images[:64])
    assert after["logits"] > before["logits"] + 3
    assert quantise(equal, images) == quantise(uneven, images, equalised=True)


def test_channels_that_reach_the_cut_stay(trained: Any) -> None:
    weights = dict(trained.subnet.folded())
    weight, bias = weights["b1.expand"]
    bias = bias.copy()
    bias[2] = 50.0
    weights["b1.expand"] = weight, bias
    network = Folded(trained.subnet.network, weights)
    images = trained.train_images[:64]
    equal = equalise(network, images).folded()
    np.testing.assert_array_equal(equal["b1.expand"][0][2], weight[2])
    assert equal["b1.expand"][1][2] == 50
    assert (equal["b1.expand"][0] != weight).any()
    assert peaks(Folded(network.network, equal), images, "b1.expand").max() == 6
    np.testing.assert_allclose(
        logits(Folded(network.network, equal), images), logits(network, images), atol=2e-4
    )


def test_dead_channels_stay_and_nothing_overflows(subnet: Any, images: np.ndarray) -> None:
    layer = subnet.layers()["b1.expand"]
    with torch.no_grad():
        layer.norm.weight[0], layer.norm.bias[0] = 0.0, -1.0
        layer.norm.weight[1], layer.norm.bias[1] = 1e-20, 0.0
    before, after = subnet.folded(), equalise(subnet, images).folded()
    np.testing.assert_array_equal(after["b1.expand"][0][0], before["b1.expand"][0][0])
    for weight, bias in after.values():
        assert np.isfinite(weight).all()
        assert np.isfinite(bias).all()
    quantise(Folded(subnet.network, after), images)


def test_tensors_that_are_added_stay(images: np.ndarray) -> None:
    torch.manual_seed(0)
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 16), space.largest, classes=3, input_channels=1)
    assert any(block.residual for block in network.blocks)
    subnet = Subnet(network)
    recalibrate(subnet, images)
    before, after = subnet.folded(), equalise(subnet, images).folded()
    for i, block in enumerate(network.blocks):
        if block.residual:
            np.testing.assert_array_equal(after[f"b{i}.project"][1], before[f"b{i}.project"][1])


def test_images_of_another_shape_are_refused(subnet: Any) -> None:
    with pytest.raises(InvalidInputError, match="expected is one or more"):
        equalise(subnet, np.zeros((2, 8, 8, 1), dtype=np.uint8))
