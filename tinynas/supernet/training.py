"""Training a supernet, by default with the sandwich rule and in-place distillation.

Each step trains the largest architecture on the labels, and the smallest and a few random ones on
what the largest says of the same images (Yu and Huang, 2019, arXiv:1903.05134; BigNAS,
arXiv:2003.11142).  The other recipe is `tinynas.supernet.shrinking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor, autograd
from torch.nn import functional

from tinynas.data import Dataset
from tinynas.data.pixels import resize
from tinynas.progress import Reporter
from tinynas.spaces import Architecture, Subspace
from tinynas.supernet.evaluation import accuracy, recalibrate
from tinynas.supernet.loop import Training
from tinynas.supernet.losses import share_correct, soft_cross_entropy
from tinynas.supernet.plan import TrainingPlan
from tinynas.supernet.shrinking import shrink_progressively
from tinynas.supernet.supernet import Supernet

WATCHED_IMAGES = 1000
_ARCHITECTURES = 3  # random stream of the seed


def train_supernet(
    supernet: Supernet,
    dataset: Dataset,
    plan: TrainingPlan,
    *,
    checkpoint: Path | None = None,
    reporter: Reporter | None = None,
    until: float = 1.0,
    watched: bool = True,
) -> None:
    """Train in place, from `checkpoint` on if that holds an earlier part of the same training, to
    the end of the plan or to a share of it.

    The data set is brought to the subspace's resolution or, where resolutions are searched, every
    batch to one of them (once-for-all, arXiv:1908.09791, section 3.3).  Curves (`metric` events
    named `supernet`): loss and accuracy of the largest, the smallest and the random architectures
    on training batches, and now and then validation accuracy after recalibration unless it is not
    `watched`.

    Raises:
        CancelledError: stopped by the reporter, with the checkpoint up to date.
        TinynasError: the loss is not a number.
    """
    data = data_for(supernet.subspace, dataset)
    sandwich = _Sandwich(supernet, data, plan)
    watch = sandwich.validate if watched else None
    if plan.recipe == "progressive":
        shrink_progressively(
            supernet,
            data,
            plan,
            checkpoint=checkpoint,
            reporter=reporter or Reporter("supernet"),
            watch=watch,
            until=until,
        )
        return
    training = sandwich.training(checkpoint, reporter or Reporter("supernet"))
    training.watch, training.until = watch, until
    training.run()


def data_for(subspace: Subspace, dataset: Dataset) -> Dataset:
    """The data set as networks of a subspace are trained and measured on it: at its resolution or,
    where that is a choice of each, as it is."""
    return dataset if len(subspace.resolutions) > 1 else dataset.at(subspace.resolution)


@dataclass
class _Sandwich:
    supernet: Supernet
    dataset: Dataset
    plan: TrainingPlan

    def __post_init__(self) -> None:
        space = self.supernet.subspace.space
        self.largest, self.smallest = space.largest, space.smallest

    def training(self, checkpoint: Path | None, reporter: Reporter) -> Training:
        supernet = self.supernet
        return Training(
            name="supernet",
            module=supernet,
            backward=self.backward,
            dataset=self.dataset,
            plan=self.plan,
            identity=(supernet.subspace, supernet.classes, supernet.input_channels),
            resolutions=supernet.subspace.space.searched_resolutions,
            checkpoint=checkpoint,
            reporter=reporter,
        )

    def backward(self, images: Tensor, labels: Tensor, step: int) -> Mapping[str, float]:
        """Gradients of the mean loss of all architectures of this step.

        The trunk is the same in all of them, so it runs once: gradients with respect to its
        output add up and go through it together.
        """
        supernet = self.supernet
        trunk = supernet.trunk(images, supernet.network(self.largest))
        features = trunk.detach().requires_grad_()
        rng = np.random.default_rng([self.plan.seed, _ARCHITECTURES, step])
        students = [self.smallest, *supernet.sample(self.plan.random_subnets, rng)]
        weight = 1 / (1 + len(students))

        logits = self._logits(features, self.largest)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.plan.label_smoothing)
        autograd.backward(loss * weight)
        target = functional.softmax(logits.detach(), dim=1)
        measures = {"largest_loss": loss.item(), "largest_accuracy": share_correct(logits, labels)}
        for i, student in enumerate(students):
            logits = self._logits(features, student)
            loss = soft_cross_entropy(logits, target)
            autograd.backward(loss * weight)
            name, share = ("smallest", 1.0) if i == 0 else ("sampled", 1 / (len(students) - 1))
            for key, value in (("loss", loss.item()), ("accuracy", share_correct(logits, labels))):
                key = f"{name}_{key}"
                measures[key] = measures.get(key, 0.0) + share * value
        autograd.backward(trunk, features.grad)
        return measures

    def _logits(self, features: Tensor, architecture: Architecture) -> Tensor:
        return self.supernet.head(features, self.supernet.network(architecture))

    def validate(self, _: int) -> Mapping[str, float]:
        """Validation accuracy of the largest and the smallest network."""
        images = self.dataset.calibration_images(seed=self.plan.seed)
        order = np.random.default_rng(self.plan.seed).permutation(len(self.dataset.validation))
        split = self.dataset.validation.take(order[:WATCHED_IMAGES])
        measures = {}
        for name, architecture in (("largest", self.largest), ("smallest", self.smallest)):
            subnet = self.supernet.subnet(architecture)
            pixels = subnet.network.resolution
            recalibrate(subnet, resize(images, pixels))
            measures[f"{name}_validation_accuracy"] = accuracy(subnet, split.at(pixels))
        return measures
