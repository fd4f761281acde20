"""Quantisation-friendly blocks: nothing between depthwise convolution and projection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tinynas.data import Augmentation, Dataset, Split
from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation, Conv2D, DepthwiseConv2D
from tinynas.graph.reference import run
from tinynas.paths import service_root
from tinynas.quantise import int8_input, quantise
from tinynas.spaces import Architecture, BlockKind, Subspace, load_space, parse_space, skeleton
from tinynas.supernet import (
    FoldedNetwork,
    Supernet,
    TrainingPlan,
    normalise,
    recalibrate,
    train_supernet,
)

SPACE = load_space("tiny-friendly")


@pytest.fixture(scope="module")
def supernet() -> Supernet:
    supernet = Supernet(Subspace(SPACE, 0.5, 16), 4, 1)
    rng = np.random.default_rng(0)
    labels = np.arange(120, dtype=np.int64) % 4
    images = rng.integers(0, 256, (120, 16, 16, 1), dtype=np.uint8)
    images[:, 4:12, 4:12] = (60 * labels)[:, None, None, None].astype(np.uint8)
    train, validation, test = (Split(images[i::3], labels[i::3]) for i in range(3))
    dataset = Dataset("squares", tuple("abcd"), train, validation, test, Augmentation())
    train_supernet(supernet, dataset, TrainingPlan(images=480, batch_size=16, threads=1))
    return supernet


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (32, 16, 16, 1), dtype=np.uint8)


def architecture() -> Architecture:
    (found,) = Architecture.of_rows(SPACE, SPACE.sample(1, np.random.default_rng(4)))
    return found


def test_the_graph_has_relu_and_nothing_after_depthwise(supernet: Supernet) -> None:
    for op in skeleton(supernet.network(architecture())).ops:
        if isinstance(op.attributes, DepthwiseConv2D):
            assert op.attributes.activation is Activation.NONE
        elif isinstance(op.attributes, Conv2D) and not op.name.endswith("project"):
            assert op.attributes.activation is Activation.RELU


def test_a_subnet_computes_what_the_supernet_does(supernet: Supernet, images: np.ndarray) -> None:
    subnet = supernet.subnet(architecture()).train()
    assert subnet.static_blocks[0].depthwise.norm is None
    assert not any("depthwise.norm" in name for name in subnet.state_dict())
    x = normalise(images)
    with torch.no_grad():
        torch.testing.assert_close(subnet(x), supernet(x, architecture()), rtol=1e-4, atol=1e-4)


def test_folding_keeps_the_function(supernet: Supernet, images: np.ndarray) -> None:
    subnet = supernet.subnet(architecture())
    recalibrate(subnet, images)
    with torch.no_grad():
        expected = subnet(normalise(images)).numpy()
    result = FoldedNetwork(subnet.network, subnet.folded()).logits(images).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4 * np.abs(expected).max())
    depthwise = subnet.activations(images)["b1.depthwise"]
    assert float(depthwise.min()) < 0


def test_it_quantises(supernet: Supernet, images: np.ndarray) -> None:
    subnet = supernet.subnet(architecture())
    recalibrate(subnet, images)
    graph = quantise(subnet, images, estimator="mse", equalised=True, corrected=True)
    codes = run(graph, {"input": int8_input(images)})["logits"].astype(np.float64)
    q = graph.tensors["logits"].quantisation
    assert q is not None
    wanted = FoldedNetwork(subnet.network, subnet.folded()).logits(images).numpy()
    noise = (codes - q.zero_point) * q.scale[0] - wanted
    assert 10 * np.log10(wanted.var() / (noise**2).mean()) > 20


def test_friendly_blocks_are_asked_for_by_a_field() -> None:
    assert SPACE.block is BlockKind.FRIENDLY
    assert load_space("tiny").block is BlockKind.MBCONV
    text = Path(service_root() / "search_spaces" / "tiny-friendly.yaml").read_text()
    with pytest.raises(InvalidInputError, match=r"block is 'cosy'; allowed is \['mbconv'"):
        parse_space(text.replace("block: friendly", "block: cosy"), source="mine")
    with pytest.raises(InvalidInputError, match=r"activation is 'relu6'; allowed is \['relu'\]"):
        parse_space(text.replace("activation: relu", "activation: relu6"), source="mine")
