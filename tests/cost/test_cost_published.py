"""The published accounting, network by network, from its sentences."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.cost import published
from tinynas.cost.population import Population
from tinynas.cost.tables import Tables
from tinynas.spaces import Architecture, BlockShape, NetworkShape, load_space, network_of

CLASSES, CHANNELS = 100, 3


@pytest.mark.parametrize("name", ["mcunet", "tiny"])
def test_every_figure_is_that_of_the_network_alone(name: str) -> None:
    space = load_space(name)
    rng = np.random.default_rng(3)
    rows, subspaces = space.sample(40, rng), tuple(space.subspaces())
    population = Population(Tables(subspaces, CLASSES, CHANNELS), rows)
    activations = published.activation_bytes(population)
    buffers = published.buffer_bytes(population)
    constants = published.constant_bytes(population)
    for n, architecture in enumerate(Architecture.of_rows(space, rows)):
        s = int(rng.integers(len(subspaces)))
        network = network_of(subspaces[s], architecture, classes=CLASSES, input_channels=CHANNELS)
        assert activations[s, n] == largest_op(network)
        assert buffers[s, n] == kernel_buffers(network)
        assert constants[s, n] == weights_and_channels(network)


def largest_op(network: NetworkShape) -> int:
    """Input, output and what a residual sum waits for, at the worst op."""
    stem = network.stem
    held = [stem.in_size**2 * stem.in_channels + stem.out_size**2 * stem.out_channels]
    for block in network.blocks:
        pixels, after = block.in_size**2, block.out_size**2
        x = pixels * block.in_channels
        kept = x if block.residual else 0
        if block.has_expansion:
            held.append(x + pixels * block.expanded)
        # In place, one plane beside it.
        held.append(kept + pixels * block.expanded + after)
        held.append(kept + after * (block.expanded + block.out_channels))
    return max(held)


def kernel_buffers(network: NetworkShape) -> int:
    """Two int16 columns of the widest convolution, and the largest padded plane."""
    stem = network.stem
    columns = [stem.kernel**2 * stem.in_channels, *(b.expanded for b in network.blocks)]
    planes = [(b.in_size + b.kernel - 1) ** 2 for b in network.blocks]
    return 4 * max(columns) + max(planes)


def weights_and_channels(network: NetworkShape) -> int:
    stem, features = network.stem, network.feature_channels
    total = stem.out_channels * (stem.kernel**2 * stem.in_channels + 8)
    total += CLASSES * (features + 8)
    return total + sum(_block(block) for block in network.blocks)


def _block(block: BlockShape) -> int:
    total = block.expanded * (block.kernel**2 + 8)
    total += block.out_channels * (block.expanded + 8)
    return total + (block.expanded * (block.in_channels + 8) if block.has_expansion else 0)


def test_a_budget_of_so_many_kb_holds_as_many_of_the_papers() -> None:
    used = np.array([0, 1, 999, 1000, 320_000, 320_001])
    budget = published.budget_bytes(used)
    assert budget.tolist() == [0, 2, 1023, 1024, 320 * 1024, 320 * 1024 + 2]
