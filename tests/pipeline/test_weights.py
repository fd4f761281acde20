"""A search result's weights become a bundle once data show their activation ranges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tinynas.data import load_dataset
from tinynas.devices import load_device
from tinynas.errors import InvalidInputError
from tinynas.pipeline.compiling import compile_weights
from tinynas.spaces import Subspace, definition_of, load_space, network_of
from tinynas.supernet import Subnet, recalibrate

RESOLUTION = 24


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the smallest network, saved as a search saves its winner."""
    space, data = load_space("tiny"), load_dataset("digits")
    torch.manual_seed(0)
    shape = network_of(
        Subspace(space, 0.5, RESOLUTION), space.smallest, classes=10, input_channels=1
    )
    subnet = Subnet(shape)
    recalibrate(subnet, data.at(RESOLUTION).calibration_images(64))
    path = tmp_path_factory.mktemp("weights") / "model.pt"
    saved = {
        "state_dict": subnet.state_dict(),
        "architecture": space.smallest.to_json(),
        "width": 0.5,
        "resolution": RESOLUTION,
        "classes": [str(i) for i in range(10)],
        "input_channels": 1,
    }
    torch.save(saved, path)
    return path


def test_they_compile_with_data_and_carry_test_images(model: Path, tmp_path: Path) -> None:
    device = load_device("stm32f411xe")
    out, budget = tmp_path / "out", device.default_budget
    bundle = compile_weights(model, device, budget, out, calibration="digits")
    assert bundle.graph.tensors[bundle.graph.inputs[0]].shape == (1, RESOLUTION, RESOLUTION, 1)
    assert bundle.description["info"]["calibration"] == "digits"
    assert len(np.unique(bundle.vectors.outputs)) > 10
    images = load_dataset("digits").test.take(np.arange(16)).at(RESOLUTION).images
    stored = bundle.vectors.inputs.reshape(images.shape).astype(np.int16)
    np.testing.assert_array_equal(stored, images.astype(np.int16) - 128)


def test_those_of_a_space_of_ones_own_know_it(model: Path, tmp_path: Path) -> None:
    own = replace(load_space("tiny"), name="mine")
    saved = torch.load(model, weights_only=True)
    saved |= {"architecture": own.smallest.to_json(), "definition": definition_of(own)}
    torch.save(saved, tmp_path / "model.pt")
    device = load_device("stm32f411xe")
    given = tmp_path / "model.pt", device, device.default_budget
    bundle = compile_weights(*given, tmp_path / "out", calibration="digits")
    usual = compile_weights(model, *given[1:], tmp_path / "usual", calibration="digits")
    assert np.array_equal(bundle.vectors.outputs, usual.vectors.outputs)


def test_what_is_no_search_result_is_refused(tmp_path: Path) -> None:
    device = load_device("stm32f411xe")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no weights")
    for name in ("other.pt", "text.pt", "missing.pt"):
        with pytest.raises(InvalidInputError, match="no search result's weights"):
            compile_weights(
                tmp_path / name,
                device,
                device.default_budget,
                tmp_path / "out",
                calibration="digits",
            )
    assert not (tmp_path / "out").exists()
