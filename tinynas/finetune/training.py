"""Fine-tuning one network: labels, and the opinion of a larger one (Hinton et al., 2015,
arXiv:1503.02531)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, autograd
from torch.nn import functional

from tinynas.data import Dataset
from tinynas.progress import Reporter
from tinynas.supernet import (
    Subnet,
    Training,
    TrainingPlan,
    accuracy,
    recalibrate,
    share_correct,
    soft_cross_entropy,
    torch_threads,
    weights_hash,
)

TEACHER_SHARE = 0.5
"""Weight of the teacher's opinion in the loss; the labels have the rest."""
STATISTICS_IMAGES = 2048
"""Training images over which batch norm's statistics are measured at the end."""


def finetune(
    subnet: Subnet,
    teacher: Subnet | None,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    checkpoint: Path | None = None,
    reporter: Reporter | None = None,
) -> Subnet:
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
    _check_teacher(subnet, teacher)
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


def _check_teacher(subnet: Subnet, teacher: Subnet | None) -> None:
    def task(network: Subnet) -> tuple[int, int, int]:
        shape = network.network
        return shape.resolution, shape.input_channels, shape.classes

    if teacher is not None and task(teacher) != task(subnet):
        raise ValueError(
            "the teacher's (resolution, channels, classes) are "
            f"{task(teacher)}, the subnet's {task(subnet)}"
        )


@dataclass
class _Distillation:
    student: Subnet
    teacher: Subnet | None
    dataset: Dataset
    plan: TrainingPlan

    def backward(self, images: Tensor, labels: Tensor, _: int) -> Mapping[str, float]:
        logits = self.student(images)
        smoothing = self.plan.label_smoothing
        loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        if self.teacher is not None:
            opinion = self._opinion(self.teacher, images)
            distance = soft_cross_entropy(logits, opinion)
            loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * distance
        autograd.backward(loss)
        return {"loss": loss.item(), "accuracy": share_correct(logits, labels)}

    @staticmethod
    @torch.no_grad()
    def _opinion(teacher: Subnet, images: Tensor) -> Tensor:
        return functional.softmax(teacher.eval()(images), dim=1)

    def validate(self, _: int) -> Mapping[str, float]:
        return {"validation_accuracy": accuracy(self.student, self.dataset.validation)}

    def better_of(self, start: Subnet) -> Subnet:
        """The trained network, unless the one it started from is better on validation images."""
        images = self.dataset.calibration_images(STATISTICS_IMAGES, seed=self.plan.seed)
        inherited = copy.deepcopy(start)
        for network in (self.student, inherited):
            recalibrate(network, images)
        before, after = (accuracy(n, self.dataset.validation) for n in (inherited, self.student))
        return self.student if after >= before else inherited
