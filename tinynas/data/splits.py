"""Seeded splits in which every class keeps its share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinynas.data.model import Labels


def hold_out(
    labels: Labels, share: float, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(kept, held out) indices, sorted; `share` of each class is held out, one image at least."""
    rng = np.random.default_rng([seed, len(labels)])
    held: list[NDArray[np.int64]] = []
    for c in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == c))
        held.append(members[: max(1, round(share * len(members)))])
    out = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(labels)), out), out


def hold_out_images(
    labels: Labels, contents: Sequence[bytes], share: float, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As `hold_out`, of different images: all copies of one are on the same side, since what is
    learnt must not be asked for.  `contents` identifies the image of each index."""
    first: dict[bytes, int] = {}
    original = np.array([first.setdefault(content, i) for i, content in enumerate(contents)])
    originals = np.unique(original)
    _, chosen = hold_out(labels[originals], share, seed=seed)
    held = np.isin(original, originals[chosen])
    return np.flatnonzero(~held), np.flatnonzero(held)


def balance(labels: Labels, *, seed: int) -> NDArray[np.int64]:
    """Sorted indices of equally many images of each class, as many as the rarest has."""
    rng = np.random.default_rng([seed, len(labels)])
    members = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    count = min(len(m) for m in members)
    return np.sort(np.concatenate([rng.permutation(m)[:count] for m in members]))
