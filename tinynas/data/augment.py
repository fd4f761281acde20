"""Random views of training images: crops with shift and zoom, mirrored where that is harmless."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """What may be done to an image without changing its class.

    `shift`: largest displacement as a share of the side, the edge repeated outwards.
    `zoom`: smallest share of the side that a random crop keeps (1.0: none), enlarged bilinearly.
    `flip`: left and right may be exchanged (never for digits, letters and signs).
    """

    shift: float = 0.125
    zoom: float = 1.0
    flip: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.shift < 1 or not 0 < self.zoom <= 1:
            raise ValueError(f"shift must be in [0, 1) and zoom in (0, 1], got {self}")

    def __call__(self, images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """A random view of each image of a batch, uint8 [N, H, W, C] -> the same shape."""
        count, height, width, _ = images.shape
        scale = rng.uniform(self.zoom, 1.0, (count,)) if self.zoom < 1 else np.ones((count,))
        rows = self._coordinates(height, scale, rng)
        columns = self._coordinates(width, scale, rng)
        if self.flip:
            mirrored = rng.random(count) < 0.5
            columns[mirrored] = columns[mirrored, ::-1]
        if self.zoom == 1:
            return _pick(images, rows.astype(np.int64), columns.astype(np.int64))
        return _interpolate(images, rows, columns)

    def _coordinates(
        self, size: int, scale: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Where in the source each output row lies: float [N, size], within [0, size - 1]."""
        count = len(scale)
        reach = round(self.shift * size)
        shift = rng.integers(-reach, reach + 1, count)
        free = (1 - scale) * (size - 1)
        start = np.floor(free * rng.random(count)) if self.zoom < 1 else np.zeros(count)
        steps = np.arange(size) * scale[:, None]
        return np.clip(start[:, None] + steps + shift[:, None], 0, size - 1)


def _pick(
    images: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.uint8]:
    batch = np.arange(len(images))[:, None, None]
    picked: NDArray[np.uint8] = images[batch, rows[:, :, None], columns[:, None, :]]
    return picked


def _interpolate(
    images: NDArray[np.uint8], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Bilinear, one axis after the other."""
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down = np.minimum(top + 1, images.shape[1] - 1)
    right = np.minimum(left + 1, images.shape[2] - 1)
    dy = (rows - top).astype(np.float32)[:, :, None, None]
    dx = (columns - left).astype(np.float32)[:, None, :, None]
    batch = np.arange(len(images))[:, None]
    mixed = images[batch, top] * (1 - dy) + images[batch, down] * dy
    batch, lines = batch[:, None], np.arange(images.shape[1])[None, :, None]
    left, right = left[:, None, :], right[:, None, :]
    out = mixed[batch, lines, left] * (1 - dx) + mixed[batch, lines, right] * dx
    rounded: NDArray[np.uint8] = np.rint(out).astype(np.uint8)
    return rounded
