"""Folders of class folders: what is taken, how it is split, and what is refused."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from tinynas.data import dataset_names, load_dataset
from tinynas.errors import InvalidInputError
from tinynas.progress import Event, Reporter

COLOURS = {"apple": (200, 30, 30), "leaf": (30, 200, 30), "sky": (30, 30, 200)}


def fill(root: Path, names: list[str], count: int = 20, *, grey: bool = False) -> Path:
    """`count` images a class, each told by its colour; the number of the image is in its noise."""
    for name in names:
        folder = root / name
        folder.mkdir(parents=True)
        for i in range(count):
            rng = np.random.default_rng([len(name), i, crc32(root.name.encode())])
            noise = rng.integers(0, 20, (24, 30, 1 if grey else 3))
            base = 60 if grey else np.array(COLOURS[name])
            pixels = (noise + base).astype(np.uint8)
            Image.fromarray(pixels[..., 0] if grey else pixels).save(folder / f"{i:03}.png")
    return root


def rows(split_images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in split_images}


def test_classes_sizes_and_labels(tmp_path: Path) -> None:
    dataset = load_dataset(fill(tmp_path / "things", list(COLOURS)))
    assert dataset.name == "things"
    assert dataset.classes == ("apple", "leaf", "sky")
    assert (dataset.native_resolution, dataset.input_channels) == (24, 3)
    assert [len(s) for s in dataset.splits.values()] == [42, 6, 12]
    for split in dataset.splits.values():
        brightest = split.images.mean(axis=(1, 2)).argmax(axis=1)
        np.testing.assert_array_equal(brightest, split.labels)


def test_parts_never_overlap_and_follow_the_seed(tmp_path: Path) -> None:
    root = fill(tmp_path, list(COLOURS))
    dataset, again, other = (load_dataset(root, seed=s) for s in (0, 0, 1))
    parts = [rows(split.images) for split in dataset.splits.values()]
    assert len(set.union(*parts)) == sum(len(p) for p in parts) == 60
    assert dataset.fingerprint == again.fingerprint != other.fingerprint


def test_grey_images_make_one_channel(tmp_path: Path) -> None:
    dataset = load_dataset(fill(tmp_path, ["apple", "leaf"], grey=True))
    assert dataset.input_channels == 1
    assert dataset.at(16).train.shape == (28, 16, 16, 1)


def test_resolution_has_a_ceiling(tmp_path: Path) -> None:
    assert load_dataset(fill(tmp_path, ["sky", "leaf"]), max_resolution=10).native_resolution == 10


@pytest.mark.parametrize("validation", ["val", "validation"])
def test_given_parts_are_kept(tmp_path: Path, validation: str) -> None:
    counts = {"train": 10, validation: 3, "test": 4}
    for part, count in counts.items():
        fill(tmp_path / part, ["apple", "sky"], count)
    splits = load_dataset(tmp_path).splits
    assert [len(s) for s in splits.values()] == [20, 6, 8]


def test_missing_parts_come_from_the_training_part(tmp_path: Path) -> None:
    fill(tmp_path / "train", ["apple", "sky"], 20)
    fill(tmp_path / "test", ["apple", "sky"], 4)
    splits = load_dataset(tmp_path).splits
    assert [len(s) for s in splits.values()] == [34, 6, 8]


@pytest.mark.parametrize("strange", ["valid", "extra"])
def test_parts_of_other_names_are_no_classes(tmp_path: Path, strange: str) -> None:
    for part in ("train", strange, "test"):
        fill(tmp_path / part, ["apple", "sky"], 6)
    error = refused(tmp_path, f"has {strange} beside train")
    assert "val (or validation)" in str(error.allowed)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    fill(tmp_path / "train", ["apple", "leaf"], 6)
    fill(tmp_path, ["sky"], 6)
    assert load_dataset(tmp_path).classes == ("sky", "train")


def test_a_wrapping_folder_and_clutter_are_no_matter(tmp_path: Path) -> None:
    root = fill(tmp_path / "photos", ["apple", "sky"])
    (tmp_path / "__MACOSX").mkdir()
    (root / "apple" / ".DS_Store").write_bytes(b"x")
    (root / "sky" / "Thumbs.db").write_bytes(b"x")
    (root / "README.txt").write_text("mine")
    assert load_dataset(tmp_path).classes == ("apple", "sky")


def refused(path: Path | str, match: str) -> InvalidInputError:
    with pytest.raises(InvalidInputError, match=match) as caught:
        load_dataset(path)
    assert caught.value.field == "dataset"
    return caught.value


def test_names_and_places_that_are_not_there(tmp_path: Path) -> None:
    assert refused("cifar11", "no data set and no folder").allowed == dataset_names()
    assert refused(str(tmp_path / "nowhere"), "nowhere").allowed == dataset_names()
    refused("", "no data set")
    file = tmp_path / "file.jpg"
    file.write_bytes(b"")
    refused(file, "is a file")


def test_too_little(tmp_path: Path) -> None:
    refused(tmp_path, "no class folders")
    (tmp_path / "empty").mkdir()
    refused(tmp_path, "no class folders")
    fill(tmp_path, ["apple"])
    refused(tmp_path, r"one class only \(apple\)")
    fill(tmp_path, ["leaf"], 4)
    refused(tmp_path, r"class 'leaf' has 4 images .* 5 or more")


def test_parts_must_have_the_same_classes(tmp_path: Path) -> None:
    fill(tmp_path / "train", ["apple", "sky"], 6)
    fill(tmp_path / "test", ["apple", "leaf"], 6)
    refused(tmp_path, "class 'leaf' is not in both")


def spoil(root: Path) -> None:
    whole = (root / "apple" / "000.png").read_bytes()
    (root / "apple" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "sky" / "notes.txt").write_text("no image")


def test_bad_files_are_named_and_counted(tmp_path: Path) -> None:
    root = fill(tmp_path, ["apple", "sky"])
    spoil(root)
    error = refused(root, r"2 of 42 files: apple/cut\.png \(.*\), sky/notes\.txt \(not an image\)")
    assert len(error.details["bad_files"]) == 2


def test_bad_files_are_skipped_only_if_told_so(tmp_path: Path) -> None:
    root = fill(tmp_path, ["apple", "sky"])
    clean = load_dataset(root)
    spoil(root)
    events: list[Event] = []
    reporter = Reporter("data", events.append)
    dataset = load_dataset(root, skip_bad_files=True, reporter=reporter)
    assert dataset.fingerprint == clean.fingerprint
    logs = [event.data["message"] for event in events if event.kind == "log"]
    assert logs[0].startswith("skipped 2 of 42 files: apple/cut.png")


def test_only_bad_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.jpg").write_text("no image")
    refused(tmp_path, "2 of 2 files")
    with pytest.raises(InvalidInputError, match="has 0 images"):
        load_dataset(tmp_path, skip_bad_files=True)
