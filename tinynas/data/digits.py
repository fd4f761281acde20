"""scikit-learn's handwritten digits: 1,797 grey images of 8x8 pixels, no download."""

from __future__ import annotations

import numpy as np

from tinynas.data.augment import Augmentation
from tinynas.data.model import Dataset, Split
from tinynas.data.splits import hold_out

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15


def load_digits(*, seed: int) -> Dataset:
    """A fifth is the test split, 15% of the rest the validation split."""
    from sklearn import datasets  # half a second that no other data set should pay

    raw = datasets.load_digits()
    images = np.rint(raw.images * (255 / 16)).astype(np.uint8)[..., None]
    whole = Split(images, raw.target.astype(np.int64))
    rest, test = hold_out(whole.labels, TEST_SHARE, seed=seed)
    train, validation = hold_out(whole.labels[rest], VALIDATION_SHARE, seed=seed)
    return Dataset(
        name="digits",
        classes=tuple(str(c) for c in raw.target_names),
        train=whole.take(rest[train]),
        validation=whole.take(rest[validation]),
        test=whole.take(test),
        augmentation=Augmentation(shift=0.0625),  # half a native pixel; more costs 1 point
    )
