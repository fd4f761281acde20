"""The VWW loader on a little COCO that is made here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinynas.data import load_dataset
from tinynas.data.visual_wake_words import RESOLUTION, read_annotations
from tinynas.errors import InvalidInputError, TinynasError

PERSON, DOG = 1, 18
PART_OF = {True: "train2014", False: "val2014"}


def little_coco(root: Path, count: int = 40) -> Path:
    """Even ids show a person large enough; odd ones a dog, and some a person too small."""
    for part in PART_OF.values():
        (root / part).mkdir(parents=True)
    (root / "annotations").mkdir()
    content: dict[str, dict[str, list[dict[str, object]]]] = {
        part: {
            "images": [],
            "annotations": [],
            "categories": [{"id": PERSON, "name": "person"}, {"id": DOG, "name": "dog"}],
        }
        for part in PART_OF.values()
    }
    for i in range(count):
        part = PART_OF[i < count // 2]
        name = f"COCO_{part}_{i:012}.jpg"
        width, height = (200, 100) if i % 3 else (100, 160)
        pixels = np.random.default_rng(i).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / part / name)
        entry = content[part]
        entry["images"].append({"id": i, "file_name": name, "width": width, "height": height})
        # 0.5% of the picture is exactly not enough; a pixel more is.
        least = 0.005 * width * height
        box = [0, 0, least + 1, 1] if i % 2 == 0 else [0, 0, least, 1]
        entry["annotations"].append({"image_id": i, "category_id": PERSON, "bbox": box})
        entry["annotations"].append({"image_id": i, "category_id": DOG, "bbox": [0, 0, 90, 90]})
    for part, value in content.items():
        (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(value))
    (root / "mscoco_minival_ids.txt").write_text("\n".join(str(i) for i in range(30, 40)) + "\n")
    return root


@pytest.fixture
def coco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYNAS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TINYNAS_CACHE_DIR", str(tmp_path / "cache"))
    return little_coco(tmp_path / "data" / "vww")


def test_a_person_counts_by_the_area_of_the_box(coco: Path) -> None:
    found = read_annotations(coco, "train2014")
    assert [p.id for p in found] == list(range(20))
    assert [p.person for p in found] == [i % 2 == 0 for i in range(20)]


def test_the_splits_are_the_papers(coco: Path) -> None:
    dataset = load_dataset("vww")
    assert dataset.classes == ("no person", "person")
    assert dataset.test.labels.tolist() == [i % 2 == 0 for i in range(30, 40)]
    assert len(dataset.train) + len(dataset.validation) == 30
    assert set(dataset.validation.labels) == {0, 1}
    assert dataset.native_resolution == RESOLUTION


def test_pixels_are_decoded_once(coco: Path, tmp_path: Path) -> None:
    first = load_dataset("vww").fingerprint
    for picture in (coco / "train2014").iterdir():
        picture.write_bytes(b"")
    assert load_dataset("vww").fingerprint == first
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".npy"]


def test_a_damaged_image_is_named(coco: Path, tmp_path: Path) -> None:
    damaged = next((coco / "val2014").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(TinynasError, match=damaged.name):
        load_dataset("vww")
    assert not list((tmp_path / "cache").glob("*.npy"))


def test_what_is_missing_is_named(coco: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (coco / "mscoco_minival_ids.txt").unlink()
    with pytest.raises(InvalidInputError, match=r"mscoco_minival_ids\.txt is not there"):
        load_dataset("vww")
    monkeypatch.delenv("TINYNAS_DATA_DIR")
    with pytest.raises(InvalidInputError, match="needs COCO 2014"):
        load_dataset("vww")


def test_annotations_of_another_kind_are_refused(coco: Path) -> None:
    (coco / "annotations" / "instances_val2014.json").write_text('{"images": []}')
    with pytest.raises(TinynasError, match="no COCO annotation file"):
        load_dataset("vww")
