"""Learning from labels and from the opinion of a larger network (Hinton et al., 2015,
arXiv:1503.02531)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, autograd, nn
from torch.nn import functional

from tinynas.spaces import Shape
from tinynas.supernet import Trainable, TrainingPlan, share_correct, soft_cross_entropy

TEACHER_SHARE = 0.5
"""Weight of the teacher's opinion in the loss; the labels have the rest."""


def distil(
    student: nn.Module,
    teacher: Trainable | None,
    images: Tensor,
    labels: Tensor,
    plan: TrainingPlan,
) -> Mapping[str, float]:
    """Leaves the gradients of one batch in `student`; returns its loss and accuracy."""
    logits = student(images)
    loss = functional.cross_entropy(
        _with_margin(logits, labels, plan.margin), labels, label_smoothing=plan.label_smoothing
    )
    if teacher is not None:
        distance = soft_cross_entropy(logits, _opinion(teacher, images))
        loss = (1 - TEACHER_SHARE) * loss + TEACHER_SHARE * distance
    autograd.backward(loss)
    return {"loss": loss.item(), "accuracy": share_correct(logits, labels)}


def _with_margin(logits: Tensor, labels: Tensor, margin: float) -> Tensor:
    """The right class's logit less `margin`, so that the others stay that far behind (additive
    margin softmax; Wang et al., 2018, arXiv:1801.05599, without normalised features)."""
    if not margin:
        return logits
    return logits - margin * functional.one_hot(labels, logits.shape[1])


@torch.no_grad()
def _opinion(teacher: Trainable, images: Tensor) -> Tensor:
    return functional.softmax(teacher.to(images.device).eval()(images), dim=1)


def check_teacher(student: Shape, teacher: Trainable | None) -> None:
    """Raises: ValueError: the teacher takes other images or knows other classes."""

    def task(shape: Shape) -> tuple[int, int, int]:
        return shape.resolution, shape.input_channels, shape.classes

    if teacher is not None and task(teacher.network) != task(student):
        raise ValueError(
            "the teacher's (resolution, channels, classes) are "
            f"{task(teacher.network)}, the subnet's {task(student)}"
        )
