"""CIFAR-10, and people against everything else in CIFAR-100 (Krizhevsky, 2009), 32x32 RGB.

The binary versions are read: unlike the Python ones they are no pickles, which can run code.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from tinynas.data.augment import Augmentation
from tinynas.data.download import Archive, obtain
from tinynas.data.encoded import read_encoded
from tinynas.data.model import Dataset, Labels, Split
from tinynas.data.places import find
from tinynas.data.splits import balance, hold_out
from tinynas.errors import TinynasError
from tinynas.progress import Reporter

CIFAR10 = Archive(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
CIFAR100 = Archive(
    "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)
PEOPLE = ("baby", "boy", "girl", "man", "woman")
_AUGMENTATION = Augmentation(shift=0.0625, flip=True)
"""2 pixels: in trainings of minutes the customary 4 cost a supernet 2 to 4 points."""


def load_cifar10(*, seed: int, reporter: Reporter) -> Dataset:
    """10 classes, 45,000 / 5,000 / 10,000 images; the test split is the official one."""
    encoded = find("cifar10_q95.npz")
    if encoded is not None:
        official, test, classes = read_encoded(encoded, reporter)
    else:
        official, test, classes = _read_cifar10(obtain(CIFAR10, reporter))
    train, validation = hold_out(official.labels, 0.1, seed=seed)
    return Dataset(
        name="cifar10",
        classes=tuple(classes),
        train=official.take(train),
        validation=official.take(validation),
        test=test,
        augmentation=_AUGMENTATION,
    )


def load_cifar100_people(*, seed: int, reporter: Reporter) -> Dataset:
    """Is there a person?  5% of the images show one, so training draws both answers alike, and
    validation (1,000) and test (1,000) hold as many of one as of the other: accuracy over them is
    balanced accuracy."""
    encoded = find("cifar100_q90.npz")
    if encoded is not None:
        official, test, classes = read_encoded(encoded, reporter)
    else:
        official, test, classes = _read_cifar100(obtain(CIFAR100, reporter))
    people = np.isin(classes, PEOPLE).astype(np.int64)
    official, test = (Split(s.images, people[s.labels]) for s in (official, test))
    validation = _balanced_part(official.labels, 0.2, seed=seed)
    train = np.setdiff1d(np.arange(len(official)), validation)
    return Dataset(
        name="cifar100-people",
        classes=("no person", "person"),
        train=official.take(train),
        validation=official.take(validation),
        test=test.take(balance(test.labels, seed=seed)),
        augmentation=_AUGMENTATION,
        balanced_sampling=True,
        metric="balanced_accuracy",
    )


def _balanced_part(labels: Labels, share: float, *, seed: int) -> Labels:
    """Indices of `share` of the rarest class and equally many of the others."""
    _, part = hold_out(labels, share, seed=seed)
    return part[balance(labels[part], seed=seed)]


def _read_cifar10(path: Path) -> tuple[Split, Split, list[str]]:
    files = _members(path)
    batches = [files[f"data_batch_{i}.bin"] for i in range(1, 6)]
    train = _records(b"".join(batches), label_bytes=1)
    test = _records(files["test_batch.bin"], label_bytes=1)
    return train, test, files["batches.meta.txt"].decode().split()


def _read_cifar100(path: Path) -> tuple[Split, Split, list[str]]:
    """With the 100 fine labels, which come after the coarse one in each record."""
    files = _members(path)
    train, test = (_records(files[f"{name}.bin"], label_bytes=2) for name in ("train", "test"))
    return train, test, files["fine_label_names.txt"].decode().split()


def _members(path: Path) -> dict[str, bytes]:
    """The archive's files by their bare names."""
    files = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    files[Path(member.name).name] = content.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise TinynasError(f"{path} cannot be read: {error}", path=str(path)) from error
    return files


def _records(data: bytes, *, label_bytes: int) -> Split:
    """Records of labels and 3,072 bytes: planes of red, green and blue, row by row."""
    rows = np.frombuffer(data, np.uint8).reshape(-1, label_bytes + 3072)
    planes = rows[:, label_bytes:].reshape(-1, 3, 32, 32)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return Split(images, rows[:, label_bytes - 1].astype(np.int64))
