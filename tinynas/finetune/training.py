"""Fine-tuning one network."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor, nn

from tinynas.data import Dataset, Split
from tinynas.finetune.distillation import check_teacher, distil
from tinynas.progress import Reporter
from tinynas.supernet import (
    Trainable,
    Training,
    TrainingPlan,
    Weights,
    accuracy,
    compiled,
    recalibrate,
    torch_threads,
    training_device,
    weights_hash,
    write_atomically,
)

LEARNING_RATE = 3e-3
"""Peak rate for a network that starts from a supernet's weights: a third of the supernet's (on
digits 1e-3 is 0.4 points worse at the same number of images, 6e-3 equal)."""
WEIGHTS = "weights.pt"
STATISTICS_IMAGES = 2048
"""Training images over which batch norm's statistics are measured at the end."""


def finetune(
    subnet: Trainable,
    teacher: Trainable | None,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    checkpoint: Path | None = None,
    reporter: Reporter | None = None,
    until: float = 1.0,
) -> Trainable:
    """A copy of `subnet` trained on, or an unchanged one where training did not help.

    The choice between the two is made on the validation split; the test split is never seen.
    `teacher` (recalibrated, of the same resolution and classes) adds its opinion.  Curves
    (`metric` events named `finetune`): loss and accuracy on training batches, and now and then
    validation accuracy.  The result is in `eval` mode.  `until` ends it at a share of the plan.

    Raises:
        CancelledError: stopped by the reporter, with the checkpoint up to date.
        TinynasError: the loss is not a number.
        ValueError: the teacher takes other images or knows other classes.
    """
    check_teacher(subnet.network, teacher)
    data = dataset.at(subnet.network.resolution)
    run = _Distillation(copy.deepcopy(subnet), teacher, data, plan)
    Training(
        name="finetune",
        module=run.student,
        backward=run.backward,
        dataset=data,
        plan=plan,
        identity=None if teacher is None else weights_hash(teacher),
        checkpoint=checkpoint,
        reporter=reporter or Reporter("finetune"),
        until=until,
        watch=run.validate,
    ).run()
    with torch_threads(plan.threads):
        return run.better_of(subnet)


@dataclass(frozen=True)
class FinetuneTask:
    """`finetune` as one thing that can be sent to where it is done."""

    subnet: Trainable
    teacher: Trainable | None
    dataset: Dataset
    plan: TrainingPlan

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        """The weights of what `finetune` returns, in `eval` mode."""
        return finetune(
            self.subnet,
            self.teacher,
            self.dataset,
            self.plan,
            checkpoint=checkpoint,
            reporter=reporter,
        ).state_dict()


@dataclass(frozen=True)
class Finetuned:
    """A fine-tuning that competes with others (`tinynas.contest`) by its accuracy on `held`,
    validation images that no finalist was chosen by where there are such."""

    task: FinetuneTask
    held: Split

    def train(self, share: float, folder: Path, reporter: Reporter) -> float:
        """Accuracy after so much of the plan; leaves `weights.pt` in `folder`."""
        task = self.task
        tuned = finetune(
            task.subnet,
            task.teacher,
            task.dataset,
            task.plan,
            checkpoint=folder / "checkpoint.pt",
            reporter=reporter,
            until=share,
        )
        write_atomically(tuned.state_dict(), folder / WEIGHTS)
        with torch_threads(task.plan.threads):
            return accuracy(tuned, self.held)


@dataclass
class _Distillation:
    student: Trainable
    teacher: Trainable | None
    dataset: Dataset
    plan: TrainingPlan

    def backward(self, images: Tensor, labels: Tensor, _: int) -> Mapping[str, float]:
        return distil(self._forward, self.teacher, images, labels, self.plan)

    @cached_property
    def _forward(self) -> nn.Module:
        return compiled(self.student, training_device())

    def validate(self, _: int) -> Mapping[str, float]:
        return {"validation_accuracy": accuracy(self.student, self.dataset.validation)}

    def better_of(self, start: Trainable) -> Trainable:
        """The trained network, unless the one it started from is better on validation images."""
        images = self.dataset.calibration_images(STATISTICS_IMAGES, seed=self.plan.seed)
        inherited = copy.deepcopy(start)
        for network in (self.student, inherited):
            recalibrate(network, images)
        before, after = (accuracy(n, self.dataset.validation) for n in (inherited, self.student))
        return self.student if after >= before else inherited
