"""How much a job computes when its request does not say, known before any data are read."""

from __future__ import annotations

from dataclasses import dataclass

from tinynas.request import Effort

TRAINING_IMAGES = (20_000, 400_000)
"""Fewest and most images that the supernet sees by default."""
EPOCHS = 12
"""Default views of each training image, within the limits above."""
EVALUATIONS = 64
FINETUNE_SHARE = 0.5
"""Fine-tuning sees this share of the supernet's images: one network learns faster than four."""
AWARE_SHARE = 0.5
"""Of fine-tuning, in images: quantisation-aware training, where it is needed at all."""


@dataclass(frozen=True)
class PlannedEffort:
    """Images that the supernet sees, networks measured, images that a finalist sees, finalists.

    `finetune_images` is None where it follows what the supernet saw.
    """

    train_images: int
    evaluations: int
    finetune_images: int | None
    finalists: int = 1


def plan_effort(effort: Effort, images: int) -> PlannedEffort:
    """The request's figures where it gives them, otherwise defaults by the training images."""
    fewest, most = TRAINING_IMAGES
    default = min(max(EPOCHS * images, fewest), most)
    return PlannedEffort(
        effort.train_images or default,
        effort.evaluations or EVALUATIONS,
        effort.finetune_images,
        effort.finalists or 1,
    )


def finetune_images(train_images: int) -> int:
    """Images for the winner after a supernet that saw `train_images`."""
    return max(1, int(FINETUNE_SHARE * train_images))


def aware_images(finetune: int | None, train_images: int) -> int:
    """Images for quantisation-aware training after a fine-tuning with `finetune` images (the
    default where None) of a supernet that saw `train_images`."""
    return max(1, int(AWARE_SHARE * (finetune or finetune_images(train_images))))
