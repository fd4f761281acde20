"""Fine-tuning: better on held-out images or unchanged, seeded, resumable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tinynas.data import Augmentation, Dataset, Split
from tinynas.errors import CancelledError
from tinynas.finetune import finetune
from tinynas.finetune.distillation import distil
from tinynas.progress import Event, Reporter
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import (
    Subnet,
    Supernet,
    TrainingPlan,
    accuracy,
    recalibrate,
    train_supernet,
    weights_hash,
)

PLAN = TrainingPlan(images=320, batch_size=16, threads=1, learning_rate=2e-3)


def strokes(seed: int = 0, count: int = 240, resolution: int = 16) -> Dataset:
    """Four classes: strokes falling, rising, crossed, or none, in noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 4
    images = rng.integers(0, 120, (count, resolution, resolution, 1), dtype=np.uint8)
    diagonal = np.arange(4, 12)
    for image, label in zip(images, labels, strict=True):
        if label in (0, 2):
            image[diagonal, diagonal] = 230
        if label in (1, 2):
            image[diagonal, 15 - diagonal] = 230
    train, validation, test = (Split(images[i::3], labels[i::3]) for i in range(3))
    shifts = Augmentation(shift=0.06)
    return Dataset("strokes", tuple("frcn"), train, validation, test, augmentation=shifts)


@pytest.fixture(scope="module")
def trained() -> tuple[Supernet, Dataset]:
    dataset = strokes()
    supernet = Supernet(Subspace(load_space("tiny"), 0.25, 16), 4, 1)
    train_supernet(supernet, dataset, TrainingPlan(images=640, batch_size=16, threads=1))
    return supernet, dataset


def networks(supernet: Supernet, dataset: Dataset) -> tuple[Subnet, Subnet]:
    """(smallest, largest), recalibrated."""
    space = supernet.subspace.space
    small, large = supernet.subnet(space.smallest), supernet.subnet(space.largest)
    for subnet in (small, large):
        recalibrate(subnet, dataset.calibration_images())
    return small, large


@pytest.mark.parametrize("with_teacher", [True, False])
def test_it_improves_and_leaves_its_inputs_alone(
    trained: tuple[Supernet, Dataset], with_teacher: bool
) -> None:
    dataset = trained[1]
    start, teacher = networks(*trained)
    hashes = weights_hash(start), weights_hash(teacher)
    tuned = finetune(start, teacher if with_teacher else None, dataset, PLAN)
    assert not tuned.training
    assert accuracy(tuned, dataset.validation) >= accuracy(start, dataset.validation)
    assert weights_hash(tuned) != hashes[0]
    assert (weights_hash(start), weights_hash(teacher)) == hashes


def test_a_training_that_harms_is_thrown_away(trained: tuple[Supernet, Dataset]) -> None:
    dataset = trained[1]
    learnt = replace(PLAN, images=1920)
    start = finetune(*networks(*trained), dataset, learnt)
    assert accuracy(start, dataset.validation) > 0.6
    wrong = Split(dataset.train.images, (dataset.train.labels + 1) % 4)
    misled = Dataset("misled", dataset.classes, wrong, dataset.validation, dataset.test)
    kept = finetune(start, None, misled, learnt)
    for name, value in start.named_parameters():
        assert value.equal(kept.get_parameter(name))
    assert not kept.training


def test_the_teacher_is_heard(trained: tuple[Supernet, Dataset]) -> None:
    start, teacher = networks(*trained)
    alone, taught = (finetune(start, t, trained[1], PLAN) for t in (None, teacher))
    assert weights_hash(alone) != weights_hash(taught)


def test_it_repeats_and_resumes_exactly(trained: tuple[Supernet, Dataset], tmp_path: Path) -> None:
    dataset, (start, teacher) = trained[1], networks(*trained)
    plain = weights_hash(finetune(start, teacher, dataset, PLAN))
    checkpoint = tmp_path / "checkpoint.pt"
    calls = iter(range(100))
    stopping = Reporter("finetune", cancelled=lambda: next(calls) >= 9)
    with pytest.raises(CancelledError):
        finetune(start, teacher, dataset, PLAN, checkpoint=checkpoint, reporter=stopping)
    resumed = finetune(start, teacher, dataset, PLAN, checkpoint=checkpoint)
    assert weights_hash(resumed) == plain


def test_a_checkpoint_of_another_start_is_not_continued(
    trained: tuple[Supernet, Dataset], tmp_path: Path
) -> None:
    dataset, (start, teacher) = trained[1], networks(*trained)
    checkpoint = tmp_path / "checkpoint.pt"
    finetune(start, teacher, dataset, PLAN, checkpoint=checkpoint)
    events: list[Event] = []
    reporter = Reporter("finetune", events.append)
    other = finetune(start, None, dataset, PLAN, checkpoint=checkpoint, reporter=reporter)
    assert "another training" in events[0].data["message"]
    assert weights_hash(other) == weights_hash(finetune(start, None, dataset, PLAN))


def test_a_margin_is_taken_from_the_right_class() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0]], requires_grad=True)
    labels = torch.tensor([0])
    plan = replace(PLAN, margin=1.5, label_smoothing=0.0)
    found = distil(lambda x: x, None, logits, labels, plan)  # type: ignore[arg-type]
    expected = -torch.log_softmax(torch.tensor([0.5, 1.0, 0.0]), 0)[0]
    assert found["loss"] == pytest.approx(expected.item())
    assert found["accuracy"] == 1  # of what the network says, not of what the loss made of it


def test_a_training_with_another_margin_starts_anew(
    trained: tuple[Supernet, Dataset], tmp_path: Path
) -> None:
    start, _ = networks(*trained)
    plan = replace(PLAN, images=64)
    checkpoint = tmp_path / "checkpoint.pt"
    finetune(start, None, trained[1], plan, checkpoint=checkpoint)
    wide = replace(plan, margin=1.0)
    events: list[Event] = []
    reporter = Reporter("finetune", events.append)
    tuned = finetune(start, None, trained[1], wide, checkpoint=checkpoint, reporter=reporter)
    assert "another training" in events[0].data["message"]
    assert weights_hash(tuned) == weights_hash(finetune(start, None, trained[1], wide))


def test_curves_are_told(trained: tuple[Supernet, Dataset]) -> None:
    events: list[Event] = []
    reporter = Reporter("finetune", events.append)
    finetune(networks(*trained)[0], None, trained[1], PLAN, reporter=reporter)
    metrics = [event.data for event in events if event.kind == "metric"]
    assert {m["name"] for m in metrics} == {"finetune"}
    assert {k for m in metrics for k in m["values"]} == {"loss", "accuracy", "validation_accuracy"}


def test_a_teacher_of_another_task_is_refused(trained: tuple[Supernet, Dataset]) -> None:
    start, _ = networks(*trained)
    stranger = Supernet(Subspace(load_space("tiny"), 0.25, 24), 4, 1)
    teacher = stranger.subnet(stranger.subspace.space.largest)
    with pytest.raises(ValueError, match=r"\(24, 1, 4\), the subnet's \(16, 1, 4\)"):
        finetune(start, teacher, trained[1], PLAN)
