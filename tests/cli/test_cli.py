"""The command line as a person meets it: exit codes, messages, one JSON object."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tinynas.cli.main import app

BOARD = ("--device", "stm32f411xe")
FROM_CIFAR10 = ("search", "--dataset", "cifar10", "--supernet", "cifar10", *BOARD)


def tinynas(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def images(folder: Path, classes: tuple[str, ...], count: int = 12) -> Path:
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def refusal(*arguments: object) -> dict[str, object]:
    result = tinynas(*arguments, "--json")
    assert result.exit_code == 2, result.output
    error: dict[str, object] = json.loads(result.stdout.splitlines()[-1])["error"]
    return error


def test_json_is_one_object_on_one_line_and_nothing_else() -> None:
    for command in ("devices", "spaces", "supernets", "doctor"):
        result = tinynas(command, "--json")
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) == 1
        assert json.loads(result.stdout)


def test_subspace_says_what_it_chose_and_draws_it(tmp_path: Path) -> None:
    plot = tmp_path / "subspaces.svg"
    result = tinynas(
        *("subspace", "--sram", "32KB", "--flash", "128KB", "--space", "tiny"),
        *("--samples", 100, "--plot", plot, "--json"),
    )
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert set(table["chosen"]) >= {"width", "resolution", "mean_macs", "p80_macs", "fits"}
    assert len(table["subspaces"]) == 42
    assert plot.read_text().lstrip().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("subspace", "--sram", "320XB", "--flash", "1MB"), "sram"),
        (("subspace", "--sram", "32KB"), "flash"),
        (("subspace", *BOARD, "--space", "huge"), "space"),
        (("search", "--dataset", "digits", "--device", "stm32f999"), "device"),
        (("search", "--dataset", "digits", *BOARD, "--sram", "900KB"), "sram"),
        (("search", "--dataset", "digits", *BOARD, "--simulator", "bochs"), "simulator"),
        (("search", "--data", "a", "--dataset", "b", *BOARD), "data"),
        (("search", "--dataset", "nowhere", *BOARD), "dataset"),
        (("search", "--dataset", "digits", *BOARD, "--recipe", "osmosis"), "recipe"),
        (("search", "--dataset", "digits", *BOARD, "--engine", "annealing"), "engine"),
        (("search", "--dataset", "digits", *BOARD, "--objectives", "macs"), "objectives"),
        ((*FROM_CIFAR10, "--train-images", "10"), "effort.train_images"),
        ((*FROM_CIFAR10, "--recipe", "progressive"), "recipe"),
        (("search", "--dataset", "digits", *BOARD, "--margin", "11"), "margin"),
        (("search", "--dataset", "digits", *BOARD, "--warmup", "2"), "training.warmup"),
        (("search", "--dataset", "digits", *BOARD, "--resolutions", "24,25"), "resolutions"),
        (("validate", "nowhere"), "bundle"),
    ],
)
def test_bad_input_names_its_field(arguments: tuple[str, ...], field: str, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out") if arguments[0] == "search" else ()
    error = refusal(*arguments, *out)
    assert error["field"] == field
    assert error["message"]


def test_a_budget_that_nothing_fits_says_what_would_do(tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    error = refusal("search", "--dataset", "digits", *BOARD, "--sram", "512", *out)
    assert error["field"] == "sram"
    assert error["budget_bytes"] == 512
    assert isinstance(error["required_bytes"], int)
    assert error["required_bytes"] > 512
    assert not list((tmp_path / "out").rglob("*.pt"))


def test_images_that_are_none_are_named(tmp_path: Path) -> None:
    folder = images(tmp_path / "pets", ("cat", "dog"))
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "dog" / "notes.png").write_text("no image")
    error = refusal("search", "--data", folder, *BOARD, "--out", tmp_path / "out")
    assert error["field"] == "dataset"
    assert "2 of 25 files" in str(error["message"])
    assert "cat/0.png" in str(error["message"])
    assert "dog/notes.png" in str(error["message"])


@pytest.mark.parametrize("classes", [(), ("cat",)])
def test_fewer_than_two_classes_are_refused(classes: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    images(folder, classes)
    error = refusal("search", "--data", folder, *BOARD, "--out", tmp_path / "out")
    assert error["field"] == "dataset"


def test_what_typer_refuses_ends_with_2_too() -> None:
    assert tinynas("frobnicate").exit_code == 2
    assert tinynas("subspace", "--samples", "few").exit_code == 2
