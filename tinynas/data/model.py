"""Dataset and Split: labelled images in three parts that never overlap."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.data.augment import Augmentation
from tinynas.data.pixels import resize

Images: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """`images` uint8 [N, H, W, C] (square, RGB or grey), `labels` int64 [N] from 0.

    In a `balanced` split every class counts alike, however many images it has.
    """

    images: Images
    labels: Labels
    balanced: bool = False

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise ValueError(f"images must be uint8 NHWC, got {self.images.dtype} {self.shape}")
        if self.labels.shape != (len(self.images),) or self.labels.dtype != np.int64:
            raise ValueError(f"{len(self.images)} images with labels {self.labels.shape}")

    @property
    def shape(self) -> tuple[int, ...]:
        return self.images.shape

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: NDArray[np.int64]) -> Split:
        """The images at `indices`, in that order."""
        return Split(self.images[indices], self.labels[indices], self.balanced)

    def at(self, resolution: int) -> Split:
        """Resized, square, with antialiasing."""
        return Split(resize(self.images, resolution), self.labels, self.balanced)

    @property
    def images_alike(self) -> float:
        """How many images of a plain share would make `score` as sure: of a balanced split fewer
        than it has, since what a rare class adds to the mean comes of few images."""
        if not self.balanced:
            return float(len(self))
        counts = np.unique(self.labels, return_counts=True)[1]
        return float(len(counts) ** 2 / (1 / counts).sum())

    @property
    def chance(self) -> float:
        """The score of always saying the same class, the one that scores best."""
        counts = np.unique(self.labels, return_counts=True)[1]
        return 1 / len(counts) if self.balanced else float(counts.max() / counts.sum())

    def score(self, predicted: NDArray[np.int64]) -> float:
        """Share of the images whose class [N] is right; the mean over classes if `balanced`."""
        right = predicted == self.labels
        if not self.balanced:
            return float(right.mean())
        return float(np.mean([right[self.labels == c].mean() for c in np.unique(self.labels)]))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A classification task.

    Training sees `train`, choices are made on `validation`, `test` is touched once, at the end.
    With `balanced_sampling` training draws every class equally often.  `metric` says how the
    validation and test splits are scored (`Split.score`): by `balanced_accuracy` every class counts
    alike, as it should where one is rare.  `skipped` names files that could not be read.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    augmentation: Augmentation = field(default_factory=Augmentation)
    balanced_sampling: bool = False
    metric: Literal["accuracy", "balanced_accuracy"] = "accuracy"
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shapes = {split.shape[1:] for split in self.splits.values()}
        if len(shapes) != 1:
            raise ValueError(f"splits of dataset {self.name} have different shapes: {shapes}")
        for name in ("validation", "test"):
            scored = replace(getattr(self, name), balanced=self.metric == "balanced_accuracy")
            object.__setattr__(self, name, scored)

    @property
    def splits(self) -> dict[str, Split]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def input_channels(self) -> int:
        """1 for grey images, 3 for RGB."""
        return self.train.shape[3]

    @property
    def native_resolution(self) -> int:
        """Side of the stored images, in pixels; more resolution than this adds no detail."""
        return self.train.shape[1]

    def at(self, resolution: int) -> Dataset:
        """The same images resized to `resolution` pixels square, with antialiasing."""
        if resolution == self.native_resolution:
            return self
        return replace(
            self,
            train=self.train.at(resolution),
            validation=self.validation.at(resolution),
            test=self.test.at(resolution),
        )

    def calibration_images(self, count: int = 256, *, seed: int = 0) -> Images:
        """Training images [min(count, N), H, W, C] without augmentation, drawn as training draws
        them: for batch-norm recalibration and for quantisation ranges."""
        rng = np.random.default_rng([seed, len(self.train)])
        count = min(count, len(self.train))
        return self.train.images[np.sort(self.draw(count, rng))]

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Indices [count] of training images: distinct, or every class alike if balanced."""
        labels = self.train.labels
        if not self.balanced_sampling:
            return rng.permutation(len(labels))[:count]
        members = [np.flatnonzero(labels == c) for c in range(len(self.classes))]
        picks = [
            members[c][rng.integers(len(members[c]))]
            for c in rng.integers(len(members), size=count)
        ]
        return np.array(picks, dtype=np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """Hash (hex) of everything that decides a result: classes, pixels, labels, sampling."""
        digest = hashlib.blake2b(digest_size=16)
        settings = (self.classes, self.augmentation, self.balanced_sampling, self.metric)
        digest.update(repr(settings).encode())
        for name, split in self.splits.items():
            digest.update(f"{name}{split.shape}".encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels).data)
        return digest.hexdigest()
