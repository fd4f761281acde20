"""Visual Wake Words (Chowdhery et al., 2019, arXiv:1906.05721): is there a person in the picture?

Made from COCO 2014, which cannot be fetched as one small file: `TINYNAS_DATA_DIR/vww` (or
`coco2014`) holds it as COCO unpacks it, beside the list of the paper's test images:

    annotations/instances_train2014.json   annotations/instances_val2014.json
    train2014/COCO_train2014_*.jpg         val2014/COCO_val2014_*.jpg
    mscoco_minival_ids.txt
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinynas.data.augment import Augmentation
from tinynas.data.model import Dataset, Split
from tinynas.data.pixels import BadImageError, decode
from tinynas.data.places import cache_dir, data_dir
from tinynas.data.splits import hold_out
from tinynas.errors import InvalidInputError, TinynasError
from tinynas.progress import Reporter

RESOLUTION = 128
SMALLEST_PERSON = 0.005
"""Share of the picture that a person's box must exceed to count."""
VALIDATION_SHARE = 0.05
MINIVAL = "mscoco_minival_ids.txt"
_FOLDERS = ("vww", "coco2014")
_PARTS = ("train2014", "val2014")
_TELL_EVERY = 500


@dataclass(frozen=True)
class Picture:
    """One image of COCO and its answer."""

    id: int
    file: Path
    person: bool


def load_vww(*, seed: int, reporter: Reporter) -> Dataset:
    """115,000 images less 5% for validation; the test split is the paper's `minival` (8,059).

    Pixels are decoded once, into the cache: 6 GB there, and as much memory for the splits.

    Raises:
        InvalidInputError: a file of COCO is not where it should be; says which, and what goes in.
        TinynasError: an annotation file or an image is damaged.
    """
    root = _root()
    minival = {int(line) for line in _text(root / MINIVAL).split()}
    pictures = [picture for part in _PARTS for picture in read_annotations(root, part)]
    pictures.sort(key=lambda picture: picture.id)
    images = _pixels(pictures, reporter)
    labels = np.array([picture.person for picture in pictures], np.int64)
    tested = np.array([picture.id in minival for picture in pictures])
    rest = np.flatnonzero(~tested)
    train, validation = hold_out(labels[rest], VALIDATION_SHARE, seed=seed)
    whole = Split(images, labels)
    return Dataset(
        name="vww",
        classes=("no person", "person"),
        train=whole.take(rest[train]),
        validation=whole.take(rest[validation]),
        test=whole.take(np.flatnonzero(tested)),
        augmentation=Augmentation(shift=0.05, zoom=0.75, flip=True),
    )


def read_annotations(root: Path, part: str) -> list[Picture]:
    """The images of one part of COCO (`train2014`, `val2014`), in the order of their ids.

    A person counts by the area of the box, as a share of the picture's.
    """
    path = root / "annotations" / f"instances_{part}.json"
    try:
        content = json.loads(_text(path))
        person = next(c["id"] for c in content["categories"] if c["name"] == "person")
        sizes = {i["id"]: i["width"] * i["height"] for i in content["images"]}
        shown = set(_shown(content["annotations"], person, sizes))
        return [
            Picture(image["id"], root / part / image["file_name"], image["id"] in shown)
            for image in sorted(content["images"], key=lambda image: image["id"])
        ]
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, StopIteration) as error:
        raise TinynasError(
            f"{path} is no COCO annotation file: {error!r}", path=str(path)
        ) from error


def _shown(annotations: Any, person: int, sizes: dict[int, int]) -> Iterator[int]:
    """Ids of images with a person large enough."""
    for annotation in annotations:
        if annotation["category_id"] == person:
            _, _, width, height = annotation["bbox"]
            image = annotation["image_id"]
            if width * height > SMALLEST_PERSON * sizes[image]:
                yield image


def _root() -> Path:
    base = data_dir()
    for name in _FOLDERS if base is not None else ():
        assert base is not None  # noqa: S101
        if (base / name / "annotations").is_dir():
            return base / name
    raise InvalidInputError(
        "vww needs COCO 2014 (cocodataset.org) in the folder vww of TINYNAS_DATA_DIR: "
        f"annotations, {', '.join(_PARTS)} and {MINIVAL}",
        field="dataset",
        given=None if base is None else str(base),
        allowed="a folder with vww/annotations",
    )


def _text(path: Path) -> str:
    if not path.is_file():
        raise InvalidInputError(
            f"{path} is not there; vww needs {MINIVAL} and COCO's annotations of {_PARTS}",
            field="dataset",
            given=str(path),
            allowed="COCO 2014 as it unpacks",
        )
    return path.read_text()


def _pixels(pictures: list[Picture], reporter: Reporter) -> np.ndarray:
    """[N, S, S, 3], mapped from a file in the cache, which is made once."""
    key = hashlib.blake2b(digest_size=8)
    for picture in pictures:
        key.update(f"{picture.file.name} ".encode())
    path = cache_dir() / f"vww-{RESOLUTION}-{key.hexdigest()}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        shape = (len(pictures), RESOLUTION, RESOLUTION, 3)
        images = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for i, picture in enumerate(pictures):
            images[i] = _decode(picture.file)
            if (i + 1) % _TELL_EVERY == 0 or i + 1 == len(pictures):
                reporter.progress(i + 1, len(pictures), "images")
        images.flush()
        partial.replace(path)
    mapped: np.ndarray = np.load(path, mmap_mode="r")
    return mapped


def _decode(file: Path) -> np.ndarray:
    try:
        return decode(file.read_bytes(), RESOLUTION)
    except (OSError, BadImageError) as error:
        raise TinynasError(f"{file} cannot be read: {error}", path=str(file)) from error
