"""The picture of stage 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinynas.devices import Budget, load_device
from tinynas.errors import InvalidInputError
from tinynas.spaces import load_space
from tinynas.subspace import SubspaceTable, choose_subspace, plot_subspaces


@pytest.fixture(scope="module")
def table() -> SubspaceTable:
    """A budget under which some subspaces have nothing that fits."""
    return choose_subspace(
        load_space("tiny"),
        Budget(4 * 1024, 64 * 1024),
        classes=10,
        input_channels=1,
        device=load_device("stm32f411xe"),
        samples=100,
    )


def test_a_png_shows_the_chosen_subspace_in_its_colour(
    table: SubspaceTable, tmp_path: Path
) -> None:
    plot_subspaces(table, tmp_path / "stage1.png")
    pixels = np.asarray(Image.open(tmp_path / "stage1.png").convert("RGB")).reshape(-1, 3)
    assert len(pixels) > 500_000
    assert (pixels == (0xC2, 0x41, 0x0C)).all(axis=1).sum() > 1000


def test_an_svg_is_the_same_every_time(table: SubspaceTable, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        plot_subspaces(table, tmp_path / name)
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert "resolution" in text or "<path" in text


def test_other_file_types_are_refused(table: SubspaceTable, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="gif"):
        plot_subspaces(table, tmp_path / "stage1.gif")


def test_a_table_shows_itself_in_a_notebook(table: SubspaceTable, tmp_path: Path) -> None:
    plot_subspaces(table, tmp_path / "a.svg")
    assert table._repr_svg_() == (tmp_path / "a.svg").read_text()
