"""What a data set is, said before anything is trained on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tinynas.data.duplicates import contents
from tinynas.data.model import Dataset, Split


@dataclass(frozen=True)
class DatasetSummary:
    """Sizes, and what may be wrong.

    sizes: images of each class, by part.
    repeated: images that occur before in the same part.
    leaked: images of the validation and test parts that occur in a part before, by
        "PART in PART"; absent where there are none.
    mislabelled: images that occur elsewhere under another label.
    skipped: files that could not be read.
    """

    name: str
    resolution: int
    channels: int
    classes: tuple[str, ...]
    sizes: dict[str, dict[str, int]]
    repeated: int
    leaked: dict[str, int]
    mislabelled: int
    skipped: tuple[str, ...]
    balanced_sampling: bool
    metric: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"classes": list(self.classes), "skipped": list(self.skipped)}

    @property
    def lines(self) -> list[str]:
        """The same for a person: one fact a line, warnings last."""
        totals = {part: sum(counts.values()) for part, counts in self.sizes.items()}
        colour = "RGB" if self.channels == 3 else "grey"
        parts = ", ".join(f"{count:,} {part}" for part, count in totals.items())
        lines = [
            f"{self.name}: {len(self.classes)} classes, {self.resolution} pixels, {colour}; {parts}"
        ]
        train = self.sizes["train"]
        rarest, commonest = min(train, key=train.__getitem__), max(train, key=train.__getitem__)
        if self.balanced_sampling:
            lines.append(
                f"{commonest} has {train[commonest]:,} training images, {rarest} {train[rarest]:,}:"
                " all classes are drawn alike, accuracy is the mean over classes"
            )
        if self.skipped:
            lines.append(f"{len(self.skipped)} files could not be read and are left out")
        if self.repeated:
            lines.append(f"{self.repeated} images occur more than once in a part")
        for pair, count in self.leaked.items():
            lines.append(f"warning: {count} images of {pair.replace(' in ', ' are also in ')}")
        if self.mislabelled:
            lines.append(f"warning: {self.mislabelled} images occur with two different labels")
        return lines


def summarise(dataset: Dataset) -> DatasetSummary:
    """Counts classes and compares every image with every other, by their pixels."""
    seen: dict[bytes, tuple[str, int]] = {}
    repeated = mislabelled = 0
    leaked: Counter[str] = Counter()
    for part, split in dataset.splits.items():
        for content, label in zip(contents(split.images), split.labels.tolist(), strict=True):
            if content not in seen:
                seen[content] = part, label
                continue
            before, known = seen[content]
            mislabelled += known != label
            if before == part:
                repeated += 1
            else:
                leaked[f"{part} in {before}"] += 1
    return DatasetSummary(
        name=dataset.name,
        resolution=dataset.native_resolution,
        channels=dataset.input_channels,
        classes=dataset.classes,
        sizes={part: _counts(split, dataset.classes) for part, split in dataset.splits.items()},
        repeated=repeated,
        leaked=dict(leaked),
        mislabelled=mislabelled,
        skipped=dataset.skipped,
        balanced_sampling=dataset.balanced_sampling,
        metric=dataset.metric,
    )


def _counts(split: Split, classes: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(split.labels, minlength=len(classes)).tolist()
    return dict(zip(classes, counts, strict=True))
