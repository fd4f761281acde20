"""The supernets that come with the package are what their cards say."""

from __future__ import annotations

from pathlib import Path

import pytest

import tinynas
from tinynas.data import load_dataset
from tinynas.data.places import find
from tinynas.supernet import accuracy, load_supernet, read_card, recalibrate

FILES = sorted((Path(tinynas.__file__).parent / "reference_supernets").glob("*.safetensors"))
ARCHIVES = {"cifar10": "cifar10_q95.npz"}


def test_there_is_one() -> None:
    assert "cifar10" in {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_small_and_has_a_card_for_people(file: Path) -> None:
    assert file.stat().st_size < 5_000_000
    card, text = read_card(file), file.with_suffix(".md").read_text()
    for fact in (card.dataset, f"{card.train_images:,} images", card.recipe, "- command: python"):
        assert fact in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_smallest_network_is_as_good_as_the_card_says(file: Path) -> None:
    archive = ARCHIVES[file.stem]
    if find(archive) is None:
        pytest.skip(f"TINYNAS_DATA_DIR has no {archive}")
    supernet, card = load_supernet(file)
    dataset = load_dataset(card.dataset, seed=card.seed).at(card.resolution)
    assert dataset.classes == card.classes
    subnet = supernet.subnet(supernet.subspace.space.smallest)
    recalibrate(subnet, dataset.calibration_images(2048, seed=card.seed))
    found = accuracy(subnet, dataset.validation)
    # The card's figure is of the weights before they were rounded to 16 bits.
    assert found == pytest.approx(card.accuracies["smallest"], abs=0.002)
