"""Fine-tuning one network."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor, nn

from tinynas.data import Dataset
from tinynas.finetune.distillation import check_teacher, distil
from tinynas.progress import Reporter
from tinynas.supernet import (
    Trainable,
    Training,
    TrainingPlan,
    accuracy,
    compiled,
    recalibrate,
    torch_threads,
    training_device,
    weights_hash,
)

LEARNING_RATE = 3e-3
"""Peak rate for a network that starts from a supernet's weights: a third of the supernet's (on
digits 1e-3 is 0.4 points worse at the same number of images, 6e-3 equal)."""
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
) -> Trainable:
    """A copy of `subnet` trained on, or an unchanged one where training did not help.

    The choice between the two is made on the validation split; the test split is never seen.
    `teacher` (recalibrated, of the same resolution and classes) adds its opinion.  Curves
    (`metric` events named `finetune`): loss and accuracy on training batches, and now and then
    validation accuracy.  The result is in `eval` mode.

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
        watch=run.validate,
    ).run()
    with torch_threads(plan.threads):
        return run.better_of(subnet)


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
