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


def together(
    contents: Sequence[bytes], kept: NDArray[np.int64], held: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same split with the held-out copies of what is kept put beside it: an image that occurs
    twice must not be learnt and then asked for.  `contents` identifies the image of each index."""
    learnt = {contents[i] for i in kept}
    leaks = np.array([contents[i] in learnt for i in held], dtype=np.bool_)
    if leaks.all():  # nothing else is there to hold out
        return kept, held
    return np.sort(np.concatenate([kept, held[leaks]])), held[~leaks]


def balance(labels: Labels, *, seed: int) -> NDArray[np.int64]:
    """Sorted indices of equally many images of each class, as many as the rarest has."""
    rng = np.random.default_rng([seed, len(labels)])
    members = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    count = min(len(m) for m in members)
    return np.sort(np.concatenate([rng.permutation(m)[:count] for m in members]))
