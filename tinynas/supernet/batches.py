"""Training batches as a function of (seed, step), so that resuming needs no random state."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinynas.data import Dataset
from tinynas.supernet.layers import normalise

_ORDER, _VIEW = 1, 2  # independent random streams of one seed


class Batches:
    """Augmented batches of a data set's training split; epochs are shuffled anew."""

    def __init__(self, dataset: Dataset, batch_size: int, seed: int) -> None:
        self._dataset = dataset
        self._size = min(batch_size, len(dataset.train))
        self._per_epoch = len(dataset.train) // self._size
        self._seed = seed
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, np.int64)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """(normalised images [N, C, H, W], labels [N]) of one step."""
        split = self._dataset.train
        indices = self._indices(step)
        rng = np.random.default_rng([self._seed, _VIEW, step])
        views = self._dataset.augmentation(split.images[indices], rng)
        return normalise(views), torch.from_numpy(split.labels[indices])

    def _indices(self, step: int) -> NDArray[np.int64]:
        epoch, position = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self._seed, _ORDER, epoch])
            self._order = self._dataset.draw(self._per_epoch * self._size, rng)
            self._epoch = epoch
        return self._order[position * self._size : (position + 1) * self._size]
