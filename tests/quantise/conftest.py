"""A network trained for some seconds on real digits, and the images it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

from tinynas.spaces import load_space, network_of
from tinynas.spaces.model import Subspace
from tinynas.supernet import Subnet, normalise, torch_threads


@dataclass(frozen=True)
class Trained:
    subnet: Subnet
    train_images: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def float_accuracy(self) -> float:
        logits = self.subnet.activations(self.test_images)["logits"]
        return float((logits.argmax(1).numpy() == self.test_labels).mean())


def untrained(seed: int = 0) -> Subnet:
    space = load_space("tiny")
    network = network_of(Subspace(space, 0.5, 16), space.smallest, classes=10, input_channels=1)
    torch.manual_seed(seed)
    return Subnet(network).eval()


@pytest.fixture
def subnet() -> Subnet:
    """A network with random weights, to be maimed by tests."""
    return untrained()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), dtype=np.uint8)


@pytest.fixture(scope="session")
def trained() -> Trained:
    digits = load_digits()
    small = (digits.images * 255 / 16).astype(np.uint8)
    images = np.kron(small, np.ones((1, 2, 2), dtype=np.uint8))[..., None]
    labels = digits.target.astype(np.int64)
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], labels[order]
    subnet = untrained()
    with torch_threads(1):
        train(subnet, images[:1300], labels[:1300])
    return Trained(subnet, images[:1300], images[1300:], labels[1300:])


def train(subnet: Subnet, images: np.ndarray, labels: np.ndarray) -> None:
    subnet.train()
    optimizer = torch.optim.Adam(subnet.parameters(), lr=5e-3)
    x, y = normalise(images), torch.from_numpy(labels)
    for _ in range(8):
        for batch in torch.randperm(len(x)).split(65):
            loss = functional.cross_entropy(subnet(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    subnet.eval()
