"""Minutes of training as a number of images, at this machine's pace."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from pathlib import Path

from tinynas.data import Dataset
from tinynas.pipeline.files import read_json, write_json
from tinynas.supernet import Supernet, TrainingPlan, data_for, train_supernet

_PACE_BATCHES = 8


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
    (first calls) cancels out."""
    scratch, data = copy.deepcopy(supernet), data_for(supernet.subspace, dataset)

    def seconds(batches: int) -> float:
        started = time.monotonic()
        trial = replace(plan, images=batches * plan.batch_size)
        train_supernet(scratch, data, trial, watched=False)
        return time.monotonic() - started

    seconds(1)
    short, long = seconds(_PACE_BATCHES), seconds(3 * _PACE_BATCHES)
    return 2 * _PACE_BATCHES * plan.batch_size / max(long - short, 1e-3)
