"""A data set from a folder of class folders with images of any size and kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tinynas.data.augment import Augmentation
from tinynas.data.duplicates import contents
from tinynas.data.folder import Listing, list_folder, wrong
from tinynas.data.model import Dataset, Images, Split
from tinynas.data.pixels import BadImageError, decode, has_colour, shorter_side
from tinynas.data.splits import hold_out_images
from tinynas.progress import Reporter

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15
FEWEST = 5
"""Different images that a class needs, so that each part gets one and training more."""
SKEW = 2.0
"""How many times the rarest class's images the commonest may have and still count as even."""
MAX_STORED_BYTES = 2 << 30
_NAMED = 5  # files that a message names; all of them are counted
_TELL_EVERY = 200


def load_folder(
    root: Path, *, skip_bad_files: bool, seed: int, max_resolution: int, reporter: Reporter
) -> Dataset:
    """Central squares, stored at the typical size of the images or `max_resolution`.

    Grey if every image is.  Left and right are never exchanged: a folder may hold letters.  Where
    one class has more than twice the images of another, training draws all alike and accuracy is
    the mean over classes.  Copies of one image stay in one part.

    Raises:
        InvalidInputError: the folder has not the right form, a class has too few images, an image
            is in two of the parts that the folder is divided into, or files are no whole images
            (unless they are to be skipped: then they are told as a log line).
    """
    listing = list_folder(root)
    loaded = _Loaded.read(listing, max_resolution, reporter)
    loaded.refuse_or_tell_bad_files(skip_bad_files, reporter)
    loaded.check_counts()
    loaded.refuse_leaks()
    parts = loaded.splits(seed)
    counts = np.bincount(parts["train"].labels)
    skewed = counts.max() > SKEW * counts.min()
    return Dataset(
        name=root.resolve().name,
        classes=listing.classes,
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        augmentation=Augmentation(shift=0.1, zoom=0.8),
        balanced_sampling=bool(skewed),
        metric="balanced_accuracy" if skewed else "accuracy",
        skipped=tuple(listing.name_of(file) for file in loaded.bad),
    )


@dataclass
class _Loaded:
    """`images` [N, S, S, 3 or 1] of the whole files, with part and label of each."""

    listing: Listing
    images: Images
    parts: np.ndarray
    labels: np.ndarray
    files: list[Path]
    bad: dict[Path, str]

    @classmethod
    def read(cls, listing: Listing, max_resolution: int, reporter: Reporter) -> _Loaded:
        entries = list(listing.items())
        resolution = stored_resolution([file for _, _, file in entries], max_resolution)
        images = np.empty((len(entries), resolution, resolution, 3), np.uint8)
        good: list[tuple[str, int, Path]] = []
        bad: dict[Path, str] = {}
        for i, (part, label, file) in enumerate(entries):
            try:
                images[len(good)] = decode(file.read_bytes(), resolution)
                good.append((part, label, file))
            except BadImageError as error:
                bad[file] = str(error)
            if (i + 1) % _TELL_EVERY == 0 or i + 1 == len(entries):
                reporter.progress(i + 1, len(entries), "images")
        images = images[: len(good)]
        if not has_colour(images):
            images = images[..., :1].copy()
        parts = np.array([part for part, _, _ in good])
        labels = np.array([label for _, label, _ in good], np.int64)
        return cls(listing, images, parts, labels, [file for _, _, file in good], bad)

    def refuse_or_tell_bad_files(self, skip: bool, reporter: Reporter) -> None:
        if not self.bad:
            return
        total = len(self.bad) + len(self.labels)
        names = [f"{self.listing.name_of(f)} ({why})" for f, why in self.bad.items()]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        listed = f"{len(names)} of {total} files: {', '.join(names[:_NAMED])}{more}"
        if not skip:
            raise wrong(
                self.listing.root,
                f"{listed}: not whole images",
                "whole images only, or to be told to skip bad files",
                bad_files=names,
            )
        reporter.emit("log", message=f"skipped {listed}")

    @cached_property
    def contents(self) -> list[bytes]:
        """What identifies each image, wherever it lies."""
        return contents(self.images)

    def check_counts(self) -> None:
        """Copies of an image are one image: with nothing else there is nothing to hold out."""
        for part in self.listing.files:
            fewest = FEWEST if part == "train" else 1
            for label, name in enumerate(self.listing.classes):
                files = np.flatnonzero((self.parts == part) & (self.labels == label))
                count = len({self.contents[i] for i in files})
                if count < fewest:
                    copies = f" ({len(files)} files)" if count < len(files) else ""
                    raise wrong(
                        self.listing.root,
                        f"class {name!r} has {count} images{copies} to {part} with",
                        f"{fewest} or more of each class",
                    )

    def refuse_leaks(self) -> None:
        """What is trained on must not be tested on, and no image have two labels."""
        first: dict[bytes, int] = {}
        wrongs = []
        for i, content in enumerate(self.contents):
            known = first.setdefault(content, i)
            if self.parts[known] != self.parts[i]:
                wrongs.append(f"{self._name(i)} is {self._name(known)}")
            elif self.labels[known] != self.labels[i]:
                wrongs.append(f"{self._name(i)} is {self._name(known)}, of another class")
        if wrongs:
            more = f" and {len(wrongs) - _NAMED} more" if len(wrongs) > _NAMED else ""
            raise wrong(
                self.listing.root,
                f"{len(wrongs)} images leak: {', '.join(wrongs[:_NAMED])}{more}",
                "every image in one part and one class",
                leaks=wrongs,
            )

    def _name(self, index: int) -> str:
        return self.listing.name_of(self.files[index])

    def splits(self, seed: int) -> dict[str, Split]:
        """What is not there is held out of the training part, the test split first."""
        indices = {part: np.flatnonzero(self.parts == part) for part in self.listing.files}
        for part, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
            if part not in indices:
                train = indices["train"]
                known = [self.contents[i] for i in train]
                kept, held = hold_out_images(self.labels[train], known, share, seed=seed)
                indices["train"], indices[part] = train[kept], train[held]
        whole = Split(self.images, self.labels)
        return {part: whole.take(chosen) for part, chosen in indices.items()}


def stored_resolution(files: list[Path], max_resolution: int) -> int:
    """Median of the shorter sides, within `max_resolution` and the memory that all may take."""
    sides = []
    for file in files:
        try:
            sides.append(shorter_side(file))
        except BadImageError:
            continue  # named when it is decoded
    affordable = int((MAX_STORED_BYTES / (3 * len(files))) ** 0.5)
    typical = int(np.median(sides)) if sides else max_resolution
    return max(1, min(typical, max_resolution, affordable))
