"""The demo's learning part on real data: what the supernet and fine-tuning reach on digits."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tinynas.data import load_dataset
from tinynas.finetune import LEARNING_RATE, finetune
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import Supernet, TrainingPlan, accuracy, recalibrate, train_supernet


@pytest.mark.slow
@pytest.mark.timeout(900)  # half a minute on an idle core
def test_digits_reach_their_accuracy() -> None:
    dataset = load_dataset("digits").at(16)
    supernet = Supernet(Subspace(load_space("tiny"), 1.0, 16), 10, 1)
    started = time.perf_counter()
    train_supernet(supernet, dataset, TrainingPlan(images=20_000))
    seconds = [time.perf_counter() - started]
    space = supernet.subspace.space
    chosen = next(supernet.sample(1, np.random.default_rng(0)))
    teacher, start = supernet.subnet(space.largest), supernet.subnet(chosen)
    for subnet in (teacher, start):
        recalibrate(subnet, dataset.calibration_images())
    plan = TrainingPlan(images=20_000, learning_rate=LEARNING_RATE)
    tuned = finetune(start, teacher, dataset, plan)
    seconds.append(time.perf_counter() - started - seconds[0])
    measured = {
        name: accuracy(subnet, dataset.test)
        for name, subnet in (("largest", teacher), ("inherited", start), ("fine-tuned", tuned))
    }
    print(measured, f"supernet {seconds[0]:.0f} s, fine-tuning {seconds[1]:.0f} s")
    assert measured["inherited"] > 0.93
    assert measured["fine-tuned"] >= 0.97
