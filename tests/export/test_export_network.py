"""A quantised network of a search space, exported: LiteRT gives the integer reference's bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.litert import run_litert
from tinynas.export import tflite_bytes
from tinynas.graph.reference import run
from tinynas.quantise import int8_input, quantise
from tinynas.spaces import Architecture, load_space, network_of
from tinynas.spaces.model import Subspace
from tinynas.supernet import Subnet, recalibrate


@pytest.mark.parametrize(("space_name", "resolution"), [("tiny", 24), ("tiny", 40), ("mcunet", 48)])
def test_networks_of_a_space_agree_in_every_tensor(space_name: str, resolution: int) -> None:
    space = load_space(space_name)
    rng = np.random.default_rng(resolution)
    (architecture,) = Architecture.of_rows(space, space.sample(1, rng))
    subspace = Subspace(space, 0.5, resolution)
    network = network_of(subspace, architecture, classes=5, input_channels=3)
    torch.manual_seed(0)
    images = rng.integers(0, 256, (8, resolution, resolution, 3), dtype=np.uint8)
    subnet = Subnet(network)
    recalibrate(subnet, images)  # without it the activations of random weights fade away
    graph = quantise(subnet, images, estimator="percentile")
    names = [op.outputs[0] for op in graph.ops]
    inputs = {"input": int8_input(images[:3])}
    expected = run_litert(tflite_bytes(graph), inputs, names)
    got = run(graph, inputs, keep=names)
    for name in names:
        np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
        assert len(np.unique(got[name])) > 3, f"{name} carries nothing"
