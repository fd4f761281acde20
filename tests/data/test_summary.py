"""What is said of a data set before it is trained on, and what keeps it from being used."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinynas.data import Dataset, Split, load_dataset, summarise
from tinynas.errors import InvalidInputError


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def dataset(**changes: object) -> Dataset:
    images = noise(30)
    labels = np.arange(30, dtype=np.int64) % 3
    parts = [Split(images[i : i + 10], labels[i : i + 10]) for i in (0, 10, 20)]
    return replace(Dataset("noise", ("a", "b", "c"), *parts), **changes)


def photos(root: Path, counts: dict[str, int], seed: int = 0) -> Path:
    for c, (name, count) in enumerate(counts.items()):
        folder = root / name
        folder.mkdir(parents=True)
        for i, pixels in enumerate(noise(count, 100 * seed + c)):
            Image.fromarray(pixels[..., 0]).save(folder / f"{i:03}.png")
    return root


def test_sizes_by_part_and_class() -> None:
    found = summarise(dataset())
    assert found.sizes["train"] == {"a": 4, "b": 3, "c": 3}
    assert (found.repeated, found.leaked, found.mislabelled) == (0, {}, 0)
    assert found.lines == ["noise: 3 classes, 8 pixels, grey; 10 train, 10 validation, 10 test"]
    assert found.to_json()["classes"] == ["a", "b", "c"]


def test_copies_within_and_between_parts_are_counted() -> None:
    clean = dataset()
    images, labels = clean.test.images.copy(), clean.test.labels.copy()
    images[:2], labels[:2] = clean.train.images[:2], clean.train.labels[:2]
    images[2], labels[2] = clean.validation.images[0], 2 - clean.validation.labels[0]
    images[3], labels[3] = images[4], labels[4]
    found = summarise(replace(clean, test=Split(images, labels)))
    assert found.leaked == {"test in train": 2, "test in validation": 1}
    assert found.mislabelled == 0 + (clean.validation.labels[0] != labels[2])
    assert found.repeated == 1
    assert "warning: 2 images of test are also in train" in found.lines


def test_skew_and_skipped_files_are_said(tmp_path: Path) -> None:
    root = photos(tmp_path, {"many": 40, "few": 10})
    (root / "few" / "broken.png").write_bytes(b"no image")
    loaded = load_dataset(root, skip_bad_files=True)
    assert (loaded.balanced_sampling, loaded.metric) == (True, "balanced_accuracy")
    assert loaded.skipped == ("few/broken.png",)
    text = "\n".join(summarise(loaded).lines)
    assert "many has 27 training images, few 7" in text
    assert "1 files could not be read" in text
    drawn = loaded.train.labels[loaded.draw(2000, np.random.default_rng(0))]
    assert 0.45 < drawn.mean() < 0.55


def test_even_folders_are_scored_plainly(tmp_path: Path) -> None:
    loaded = load_dataset(photos(tmp_path, {"one": 20, "two": 12}))
    assert (loaded.balanced_sampling, loaded.metric) == (False, "accuracy")


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    labels = np.array([0] * 9 + [1], dtype=np.int64)
    always_0 = np.zeros(10, dtype=np.int64)
    plain = Split(noise(10), labels)
    assert plain.score(always_0) == 0.9
    balanced = dataset(test=plain, metric="balanced_accuracy").test
    assert balanced.score(always_0) == 0.5
    assert balanced.take(np.arange(10)).score(always_0) == 0.5
    assert balanced.at(4).score(labels) == 1.0


def test_images_in_two_parts_are_refused(tmp_path: Path) -> None:
    for seed, part in enumerate(("train", "test")):
        photos(tmp_path / part, {"one": 8, "two": 8}, seed)
    shutil.copy(tmp_path / "train/one/003.png", tmp_path / "test/one/copy.png")
    with pytest.raises(
        InvalidInputError, match=r"1 images leak: test/one/copy\.png is train/one/003"
    ) as e:
        load_dataset(tmp_path)
    assert (e.value.field, e.value.given) == ("dataset", str(tmp_path))
    assert e.value.allowed == "every image in one part and one class"
    assert e.value.details["leaks"] == ["test/one/copy.png is train/one/003.png"]


def test_an_image_of_two_classes_is_refused(tmp_path: Path) -> None:
    photos(tmp_path, {"one": 8, "two": 8})
    shutil.copy(tmp_path / "one/003.png", tmp_path / "two/copy.png")
    with pytest.raises(InvalidInputError, match=r"two/copy\.png is one/003\.png, of another class"):
        load_dataset(tmp_path)


def test_copies_stay_in_one_part(tmp_path: Path) -> None:
    root = photos(tmp_path, {"one": 30, "two": 30})
    for name in ("one", "two"):
        for i in range(0, 30, 2):
            shutil.copy(root / name / f"{i:03}.png", root / name / f"{i:03}-again.png")
    found = summarise(load_dataset(root))
    assert found.leaked == {}
    assert found.repeated == 30


def test_copies_of_everything_stay_in_one_part_too(tmp_path: Path) -> None:
    root = photos(tmp_path, {"one": 6, "two": 6})
    for file in sorted(root.rglob("*.png")):
        shutil.copy(file, file.with_name(f"{file.stem}-again.png"))
    loaded = load_dataset(root)
    found = summarise(loaded)
    assert (found.leaked, found.repeated) == ({}, 12)
    for split in loaded.splits.values():
        assert set(split.labels.tolist()) == {0, 1}


def test_one_image_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"class 'one' has 1 images .* 5 or more") as e:
        load_dataset(photos(tmp_path, {"one": 1, "two": 1}))
    assert (e.value.field, e.value.given) == ("dataset", str(tmp_path))
    assert e.value.allowed == "5 or more of each class"


def test_copies_of_one_image_are_one(tmp_path: Path) -> None:
    root = photos(tmp_path, {"one": 8, "two": 1})
    for i in range(1, 8):
        shutil.copy(root / "two/000.png", root / f"two/{i:03}.png")
    with pytest.raises(InvalidInputError, match=r"class 'two' has 1 images \(8 files\) to train"):
        load_dataset(root)
