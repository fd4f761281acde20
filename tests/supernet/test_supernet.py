"""Elastic layers: a subnet computes what the supernet computes with its choices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tinynas.spaces import Architecture, Subspace, load_space, parse_space
from tinynas.supernet import Supernet, normalise, recalibrate
from tinynas.supernet.layers import centre

ELASTIC_WIDTH = """
name: elastic
description: per-block widths
resolutions: [12]
width_multipliers: [1.0]
channel_divisor: 4
activation: relu
stem: {channels: 8, kernel: 3, stride: 2}
first_block: {channels: 8, kernel: 3, stride: 1}
stages:
  - {channels: 16, stride: 2, depths: [1, 2], kernels: [3, 5], expansions: [2, 3], widths: [0.5, 1]}
  - {channels: 24, stride: 1, depths: [1, 3], kernels: [3, 7], expansions: [3, 2], widths: [1, 0.5]}
"""


def supernet_of(space: str) -> Supernet:
    if space == "elastic":
        parsed = parse_space(ELASTIC_WIDTH, source="test")
        return Supernet(Subspace(parsed, 1.0, 12), 5, 1, seed=3)
    resolution = 48 if space == "mcunet" else 16
    return Supernet(Subspace(load_space(space), 0.5, resolution), 5, 1, seed=3)


@pytest.mark.parametrize("space", ["tiny", "mcunet", "elastic"])
def test_every_subnet_equals_the_supernet(space: str) -> None:
    supernet = supernet_of(space)
    searched = supernet.subspace.space
    rng = np.random.default_rng(0)
    size = supernet.subspace.resolution
    x = normalise(rng.integers(0, 256, (4, size, size, 1), dtype=np.uint8))
    for architecture in [searched.largest, searched.smallest, *supernet.sample(4, rng)]:
        subnet = supernet.subnet(architecture).train()
        with torch.no_grad():
            torch.testing.assert_close(subnet(x), supernet(x, architecture), rtol=1e-4, atol=1e-5)


def test_kernels_are_cropped_at_the_centre() -> None:
    weight = torch.arange(49.0).reshape(1, 1, 7, 7)
    assert centre(weight, 3).flatten().tolist() == [16, 17, 18, 23, 24, 25, 30, 31, 32]
    assert centre(weight, 7).equal(weight)
    supernet = supernet_of("tiny")
    row = np.zeros((1, len(supernet.subspace.space.genes)), np.int64)
    small, large = Architecture.of_rows(supernet.subspace.space, np.stack([row[0], row[0]]))
    kernel_gene = 1
    row[0, kernel_gene] = 2
    large = Architecture.of_rows(supernet.subspace.space, row)[0]
    by_kernel = {3: small, 7: large}
    weights = {k: supernet.subnet(a).folded()["b1.depthwise"][0] for k, a in by_kernel.items()}
    np.testing.assert_array_equal(weights[3], weights[7][:, 2:5, 2:5])


def test_a_subnets_weights_are_its_own() -> None:
    supernet = supernet_of("tiny")
    architecture = supernet.subspace.space.smallest
    subnet = supernet.subnet(architecture)
    before = {name: value.clone() for name, value in supernet.state_dict().items()}
    with torch.no_grad():
        for parameter in subnet.parameters():
            parameter.add_(1.0)
    for name, value in supernet.state_dict().items():
        assert value.equal(before[name])


def test_initial_weights_follow_the_seed_and_leave_torchs_generator_alone() -> None:
    subspace = Subspace(load_space("tiny"), 0.5, 16)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (Supernet(subspace, 3, 1, seed=s).stem.weight for s in (1, 1, 2))
    assert torch.rand(3).equal(expected)
    assert first.equal(again)
    assert not first.equal(other)


def test_gradients_reach_every_parameter() -> None:
    supernet = supernet_of("elastic")
    x = normalise(np.random.default_rng(0).integers(0, 256, (4, 12, 12, 1), dtype=np.uint8))
    supernet(x, supernet.subspace.space.largest).square().sum().backward()
    for name, parameter in supernet.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.abs().sum() > 0), name


def test_recalibration_measures_the_statistics_of_the_images() -> None:
    supernet = supernet_of("tiny")
    subnet = supernet.subnet(supernet.subspace.space.smallest)
    images = np.random.default_rng(0).integers(0, 256, (32, 16, 16, 1), dtype=np.uint8)
    momentum = subnet.stem.norm.momentum
    recalibrate(subnet, images)
    assert not subnet.training
    assert subnet.stem.norm.momentum == momentum
    with torch.no_grad():
        batch = subnet.train()(normalise(images))
        fixed = subnet.eval()(normalise(images))
    torch.testing.assert_close(fixed, batch, rtol=0.05, atol=0.05)
