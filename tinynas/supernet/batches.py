"""Training batches as a function of (seed, step), so that resuming needs no random state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinynas.data import Dataset
from tinynas.data.pixels import resize
from tinynas.supernet.layers import normalise

_ORDER, _VIEW, _RESOLUTION = 1, 2, 6  # independent random streams of one seed


class Batches:
    """Augmented batches of a data set's training split; epochs are shuffled anew.

    With `resolutions` each batch has one of them, drawn for its step; otherwise that of the data.
    """

    def __init__(
        self, dataset: Dataset, batch_size: int, seed: int, resolutions: Sequence[int] = ()
    ) -> None:
        self._dataset, self._resolutions = dataset, resolutions
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
        views = self._dataset.augmentation(self._sized(split.images[indices], step), rng)
        return normalise(views), torch.from_numpy(split.labels[indices])

    def _sized(self, images: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
        if not self._resolutions:
            return images
        rng = np.random.default_rng([self._seed, _RESOLUTION, step])
        drawn = int(rng.integers(len(self._resolutions)))
        return resize(images, self._resolutions[drawn])

    def _indices(self, step: int) -> NDArray[np.int64]:
        epoch, position = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self._seed, _ORDER, epoch])
            self._order = self._dataset.draw(self._per_epoch * self._size, rng)
            self._epoch = epoch
        return self._order[position * self._size : (position + 1) * self._size]
