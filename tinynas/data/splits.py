"""Seeded splits in which every class keeps its share."""

from __future__ import annotations

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


def balance(labels: Labels, *, seed: int) -> NDArray[np.int64]:
    """Sorted indices of equally many images of each class, as many as the rarest has."""
    rng = np.random.default_rng([seed, len(labels)])
    members = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    count = min(len(m) for m in members)
    return np.sort(np.concatenate([rng.permutation(m)[:count] for m in members]))
