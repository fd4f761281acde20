"""How much to compute when the request does not say, or says it in minutes."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tinynas.data import Dataset
from tinynas.pipeline.files import read_json, write_json
from tinynas.request import Effort
from tinynas.supernet import Supernet, TrainingPlan, train_supernet

TRAINING_IMAGES = (20_000, 400_000)
"""Fewest and most images that the supernet sees by default."""
EPOCHS = 12
"""Default views of each training image, within the limits above."""
EVALUATIONS = 64
FINETUNE_SHARE = 0.5
"""Fine-tuning sees this share of the supernet's images: one network learns faster than four."""
AWARE_SHARE = 0.5
"""Of fine-tuning, in images: quantisation-aware training, where it is needed at all."""
_PACE_BATCHES = 8


@dataclass(frozen=True)
class PlannedEffort:
    """Images that the supernet sees, networks measured, images that the winner sees.

    `finetune_images` is None where it follows what the supernet saw.
    """

    train_images: int
    evaluations: int
    finetune_images: int | None


def plan_effort(effort: Effort, dataset: Dataset) -> PlannedEffort:
    """The request's figures where it gives them, otherwise defaults by the size of the data set."""
    fewest, most = TRAINING_IMAGES
    default = min(max(EPOCHS * len(dataset.train), fewest), most)
    return PlannedEffort(
        effort.train_images or default,
        effort.evaluations or EVALUATIONS,
        effort.finetune_images,
    )


def finetune_images(train_images: int) -> int:
    """Images for the winner after a supernet that saw `train_images`."""
    return max(1, int(FINETUNE_SHARE * train_images))


def aware_images(finetune: int | None, train_images: int) -> int:
    """Images for quantisation-aware training after a fine-tuning with `finetune` images (the
    default where None) of a supernet that saw `train_images`."""
    return max(1, int(AWARE_SHARE * (finetune or finetune_images(train_images))))


def images_in(
    minutes: float, supernet: Supernet, dataset: Dataset, plan: TrainingPlan, note: Path
) -> int:
    """How many images this machine trains on in `minutes`; measured once, kept in `note`.

    The note lets an interrupted job resume the same plan, since a plan decides the weights.
    """
    if not note.is_file():
        pace = _images_a_second(supernet, dataset, plan)
        write_json(note, {"train_images": max(plan.batch_size, int(60 * minutes * pace))})
    return int(read_json(note)["train_images"])


def _images_a_second(supernet: Supernet, dataset: Dataset, plan: TrainingPlan) -> float:
    """From the difference of a long and a short trial: what both spend on anything but training
    (first calls, validation at the end) cancels out."""
    scratch, data = copy.deepcopy(supernet), dataset.at(supernet.subspace.resolution)

    def seconds(batches: int) -> float:
        started = time.monotonic()
        train_supernet(scratch, data, replace(plan, images=batches * plan.batch_size))
        return time.monotonic() - started

    seconds(1)
    short, long = seconds(_PACE_BATCHES), seconds(3 * _PACE_BATCHES)
    return 2 * _PACE_BATCHES * plan.batch_size / max(long - short, 1e-3)
