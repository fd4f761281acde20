"""Imagenette (fast.ai): ten easily told classes of ImageNet photographs."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath

import numpy as np

from tinynas.data.augment import Augmentation
from tinynas.data.download import Archive, obtain
from tinynas.data.encoded import read_encoded
from tinynas.data.model import Dataset, Split
from tinynas.data.pixels import BadImageError, decode
from tinynas.data.places import find
from tinynas.data.splits import hold_out
from tinynas.errors import TinynasError
from tinynas.progress import Reporter

IMAGENETTE = Archive(
    "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
    "64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5",
)
RESOLUTION = 160
CLASSES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
_TELL_EVERY = 500


def load_imagenette(*, seed: int, reporter: Reporter) -> Dataset:
    """8,522 / 947 / 3,925 images; the official `val` part is the test split."""
    encoded = find("imagenette_128.npz")
    if encoded is not None:
        official, test, _ = read_encoded(encoded, reporter)
    else:
        official, test = _read(obtain(IMAGENETTE, reporter), reporter)
    train, validation = hold_out(official.labels, 0.1, seed=seed)
    return Dataset(
        name="imagenette",
        classes=tuple(CLASSES.values()),
        train=official.take(train),
        validation=official.take(validation),
        test=test,
        augmentation=Augmentation(shift=0.05, zoom=0.8, flip=True),
    )


def _read(path: Path, reporter: Reporter) -> tuple[Split, Split]:
    """The archive's `train` and `val` parts as squares of 160 pixels."""
    names = list(CLASSES)
    pixels: dict[str, list[np.ndarray]] = {"train": [], "val": []}
    labels: dict[str, list[int]] = {"train": [], "val": []}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                _, *folders, file = PurePosixPath(member.name).parts
                content = archive.extractfile(member)
                if content is None or len(folders) != 2 or not file.endswith(".JPEG"):
                    continue
                part, name = folders
                pixels[part].append(decode(content.read(), RESOLUTION))
                labels[part].append(names.index(name))
                if len(pixels[part]) % _TELL_EVERY == 0:
                    reporter.raise_if_cancelled()
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, BadImageError) as error:
        raise TinynasError(f"{path} cannot be read: {error}", path=str(path)) from error
    train, test = (
        Split(np.stack(pixels[part]), np.array(labels[part], np.int64)) for part in pixels
    )
    return train, test
