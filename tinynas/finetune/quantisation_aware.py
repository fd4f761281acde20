"""Fine-tuning what the device computes: the int8 graph itself, in float, with gradients.

Batch norm is folded for good before the training starts (static folding; Nagel et al. 2021,
arXiv 2106.08295, section 4.2), so that what is trained is what is deployed: weights rounded a
channel, activations a tensor, with gradients straight through the rounding, and scales that learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tinynas.data import Dataset, Split
from tinynas.finetune.distillation import check_teacher, distil
from tinynas.progress import Reporter
from tinynas.quantise import Calibrated, SimulatedGraph, classify, quantise_network
from tinynas.supernet import Trainable, Training, TrainingPlan, weights_hash

WATCHED_IMAGES = 1000


def quantisation_aware_finetune(
    start: Calibrated,
    teacher: Trainable | None,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    checkpoint: Path | None = None,
    reporter: Reporter | None = None,
) -> Calibrated:
    """Weights and ranges trained on from `start`, or `start` where training did not help.

    `tinynas.quantise.post_training` makes the start, `quantise_network` a graph of either.  The
    choice between them is made on the validation split, by the int8 graphs; the test split is
    never seen.  `teacher` (recalibrated, of the same resolution and classes) adds its opinion: the
    float network that `start` is of, or a larger one.  A learning rate of a tenth of the float
    training's or less is right.  Curves (`metric` events named `quantisation`): loss and accuracy
    on training batches, and now and then the int8 graph's validation accuracy.

    Raises:
        CancelledError: stopped by the reporter, with the checkpoint up to date.
        TinynasError: the loss is not a number.
        ValueError: the teacher takes other images or knows other classes.
    """
    check_teacher(start.network, teacher)
    reporter = reporter or Reporter("finetune")
    data = dataset.at(start.network.resolution)
    run = _Run(SimulatedGraph(start), teacher, data, plan, reporter)
    Training(
        name="quantisation",
        module=run.student,
        backward=run.backward,
        dataset=data,
        plan=plan,
        identity=(run.student.zero_points, None if teacher is None else weights_hash(teacher)),
        checkpoint=checkpoint,
        reporter=reporter,
        watch=run.watch,
        device=torch.device("cpu"),  # its rounding constants are NumPy's
    ).run()
    trained = run.student.calibrated()
    before, after = (run.accuracy(c, data.validation) for c in (start, trained))
    return trained if after >= before else start


@dataclass
class _Run:
    student: SimulatedGraph
    teacher: Trainable | None
    dataset: Dataset
    plan: TrainingPlan
    reporter: Reporter

    def backward(self, images: Tensor, labels: Tensor, _: int) -> Mapping[str, float]:
        return distil(self.student, self.teacher, images, labels, self.plan)

    def watch(self, _: int) -> Mapping[str, float]:
        validation = self.dataset.validation
        order = np.random.default_rng(self.plan.seed).permutation(len(validation))
        some = validation.take(order[:WATCHED_IMAGES])
        return {"validation_accuracy": self.accuracy(self.student.calibrated(), some)}

    def accuracy(self, calibrated: Calibrated, split: Split) -> float:
        graph = quantise_network(calibrated)
        # Its progress is not the training's, but it stops as that does.
        quiet = Reporter(self.reporter.step, cancelled=self.reporter.cancelled)
        return split.score(classify(graph, split.images, reporter=quiet))
