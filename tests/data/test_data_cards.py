"""The cards say what the data sets are."""

from __future__ import annotations

import pytest

from tinynas.data import dataset_card, dataset_cards, dataset_names, load_dataset
from tinynas.data.places import find
from tinynas.errors import InvalidInputError

ARCHIVES = {"cifar10": "cifar10_q95.npz", "cifar100-people": "cifar100_q90.npz"}


def test_every_named_set_has_a_card() -> None:
    assert [card.name for card in dataset_cards()] == dataset_names()


@pytest.mark.parametrize("name", ["digits", "cifar10", "cifar100-people"])
def test_a_card_says_what_loading_shows(name: str) -> None:
    file = ARCHIVES.get(name)
    if file is not None and find(file) is None:
        pytest.skip(f"TINYNAS_DATA_DIR has no {file}")
    dataset, card = load_dataset(name), dataset_card(name.upper())
    assert (card.classes, card.input_channels, card.native_resolution) == (
        len(dataset.classes),
        dataset.input_channels,
        dataset.native_resolution,
    )


def test_a_folder_has_no_card() -> None:
    with pytest.raises(InvalidInputError, match="known are cifar10"):
        dataset_card("./digits")
