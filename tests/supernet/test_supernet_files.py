"""Supernets as files: what is written is read, what is something else is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tinynas.errors import InvalidInputError
from tinynas.graph.ir import Activation
from tinynas.spaces import definition_of, load_space
from tinynas.supernet import (
    Supernet,
    SupernetCard,
    find_supernet,
    load_supernet,
    read_card,
    save_supernet,
    weights_hash,
)

CARD = SupernetCard(
    "tiny", 0.25, 16, ("a", "b", "c"), 1, "letters", 640, 3, "a plan", {"largest": 0.5}
)


@pytest.fixture
def supernet() -> Supernet:
    return CARD.supernet()


def test_what_is_written_is_read(supernet: Supernet, tmp_path: Path) -> None:
    path = tmp_path / "nets" / "letters.safetensors"
    save_supernet(supernet, CARD, path)
    found, card = load_supernet(path)
    assert card == CARD == read_card(path)
    assert weights_hash(found) == weights_hash(supernet)
    assert found.subspace == CARD.subspace
    assert [p.name for p in path.parent.iterdir()] == ["letters.safetensors"]


def test_a_space_of_ones_own_travels_with_it(tmp_path: Path) -> None:
    """By its name alone it would be found by nobody."""
    own = replace(load_space("tiny"), name="mine", activation=Activation.RELU)
    card = replace(CARD, space="mine", definition=definition_of(own))
    save_supernet(card.supernet(), card, tmp_path / "mine.safetensors")
    found, read = load_supernet(tmp_path / "mine.safetensors")
    assert read.search_space == found.subspace.space == own
    assert definition_of(load_space("tiny")) == ""


def test_transformed_kernels_are_kept(tmp_path: Path) -> None:
    card = replace(CARD, kernel_transform=True)
    net = card.supernet()
    assert any("transforms" in name for name in net.state_dict())
    save_supernet(net, card, tmp_path / "letters.safetensors")
    found, read = load_supernet(tmp_path / "letters.safetensors")
    assert read == card
    assert weights_hash(found) == weights_hash(net)


def test_half_is_half_as_large_and_nearly_the_same(supernet: Supernet, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    save_supernet(supernet, CARD, whole)
    save_supernet(supernet, CARD, half, half=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    found, _ = load_supernet(half)
    for name, value in supernet.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def test_a_name_is_found_among_the_data(
    supernet: Supernet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYNAS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TINYNAS_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "supernets" / "letters.safetensors"
    save_supernet(supernet, CARD, path)
    assert find_supernet("Letters") == path
    with pytest.raises(InvalidInputError, match="known are cifar10, letters") as error:
        find_supernet("numbers")
    assert (error.value.field, error.value.allowed) == ("supernet", ["cifar10", "letters"])


def test_ones_own_comes_before_the_one_of_the_package(
    supernet: Supernet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYNAS_DATA_DIR", str(tmp_path))
    own = tmp_path / "supernets" / "cifar10.safetensors"
    assert find_supernet("cifar10") != own
    save_supernet(supernet, CARD, own)
    assert find_supernet("cifar10") == own


def test_other_files_are_refused(tmp_path: Path) -> None:
    text, weights = tmp_path / "text.safetensors", tmp_path / "weights.safetensors"
    text.write_text("not a file of tensors")
    save_file({"a": torch.zeros(3)}, weights)
    for path in (text, weights):
        with pytest.raises(InvalidInputError, match="not a supernet's file"):
            load_supernet(path)


def test_weights_of_another_space_are_refused(supernet: Supernet, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    save_supernet(supernet, replace(CARD, width=0.5), path)
    with pytest.raises(InvalidInputError, match="not of its space"):
        load_supernet(path)
