"""A training as one thing that can be sent to where it is done."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from torch import Tensor

from tinynas.data import Dataset
from tinynas.progress import Reporter
from tinynas.supernet.plan import TrainingPlan
from tinynas.supernet.supernet import Supernet
from tinynas.supernet.training import train_supernet

Weights: TypeAlias = dict[str, Tensor]
"""A state dict."""


class TrainingTask(Protocol):
    """Picklable; every worker of a group runs it alike (see `tinynas.supernet.group`)."""

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        """Train, from `checkpoint` on if that holds an earlier part of the same training.

        Raises: as `tinynas.supernet.Training.run`.
        """


@dataclass(frozen=True)
class SupernetTask:
    """A supernet's training by a plan."""

    supernet: Supernet
    dataset: Dataset
    plan: TrainingPlan

    def run(self, checkpoint: Path, reporter: Reporter) -> Weights:
        train_supernet(
            self.supernet, self.dataset, self.plan, checkpoint=checkpoint, reporter=reporter
        )
        return self.supernet.state_dict()
