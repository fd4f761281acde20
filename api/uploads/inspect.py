"""Whether a folder is a data set: classes, whole images, enough of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from api.uploads.archive import refuse
from tinynas.data.folder import Listing, list_folder
from tinynas.data.photos import FEWEST, stored_resolution
from tinynas.data.pixels import FORMATS, BadImageError, decode, has_colour
from tinynas.data.sources import MAX_RESOLUTION
from tinynas.errors import InvalidInputError

MAX_PIXELS = 50_000_000
_NAMED = 20


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a data set once every image was looked at.

    classes: images of each (of all parts).  bad_files: names (in the archive) of files that were
    left out because they are no whole images, the first few of `skipped`.
    """

    classes: dict[str, int]
    images: int
    input_channels: int
    native_resolution: int
    bytes: int
    skipped: int = 0
    bad_files: list[str] = field(default_factory=list)


def inspect(
    root: Path, names: Mapping[Path, str], *, skip_bad_files: bool, tick: Callable[[], None]
) -> DatasetFacts:
    """The facts of a folder of class folders; files that are to be skipped are deleted.

    `tick` is called before every image.

    Raises:
        InvalidInputError: not the form, too few images of a class, or files that are no images.
    """
    try:
        listing = list_folder(root)
    except InvalidInputError as error:
        refuse(error.message.replace(str(root), "the archive"), str(error.allowed))
    resolution = _resolution(listing)
    counts: Counter[tuple[str, int]] = Counter()
    bad: dict[str, str] = {}
    colour = False
    for part, label, file in listing.items():
        tick()
        try:
            image = _look_at(file, resolution)
        except BadImageError as error:
            bad[names[file]] = str(error)
            file.unlink()
            continue
        colour = colour or has_colour(image)
        counts[part, label] += 1
    if bad and not skip_bad_files:
        _refuse_bad(bad, counts.total())
    _check_counts(listing, counts)
    classes = {
        name: sum(counts[part, label] for part in listing.files)
        for label, name in enumerate(listing.classes)
    }
    return DatasetFacts(
        classes=classes,
        images=counts.total(),
        input_channels=3 if colour else 1,
        native_resolution=_resolution(list_folder(root)),  # without what was skipped
        bytes=sum(file.stat().st_size for file in root.rglob("*") if file.is_file()),
        skipped=len(bad),
        bad_files=list(bad)[:_NAMED],
    )


def _resolution(listing: Listing) -> int:
    return stored_resolution([file for _, _, file in listing.items()], MAX_RESOLUTION)


def _look_at(file: Path, resolution: int) -> np.ndarray[Any, Any]:
    """The image [1, S, S, 3]; of a format that needs no other program, and not a bomb.

    Raises:
        BadImageError: it is none of that.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            width, height = image.size
    except Exception as error:  # whatever a decoder says about a stranger's bytes
        raise BadImageError("not an image of a known format") from error
    if width * height > MAX_PIXELS:
        raise BadImageError(f"{width} x {height} pixels, at most {MAX_PIXELS:,} are read")
    try:
        return decode(file.read_bytes(), resolution)[None]
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError(f"{type(error).__name__}: {error}") from error


def _refuse_bad(bad: Mapping[str, str], good: int) -> None:
    shown = ", ".join(f"{name} ({why})" for name, why in list(bad.items())[:5])
    raise InvalidInputError(
        f"{len(bad)} of {len(bad) + good} files are no whole images: {shown}",
        field="archive",
        given=list(bad)[:_NAMED],
        allowed="whole images only, or skip_bad_files=true",
        bad_files=list(bad)[:_NAMED],
    )


def _check_counts(listing: Listing, counts: Counter[tuple[str, int]]) -> None:
    for part in listing.files:
        fewest = FEWEST if part == "train" else 1
        for label, name in enumerate(listing.classes):
            if counts[part, label] < fewest:
                refuse(
                    f"class {name!r} has {counts[part, label]} images to {part} with",
                    f"{fewest} or more of each class",
                    name,
                )
