"""Where the heavy work of a job is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tinynas.contest import Contest, Standing, compete_here
from tinynas.errors import InvalidInputError
from tinynas.progress import Reporter
from tinynas.search import EvaluatorFactory, LocalEvaluator
from tinynas.supernet import TrainingTask, Weights

Trainer: TypeAlias = Callable[[TrainingTask, int, Path, Reporter], Weights]
"""(task, workers, checkpoint, reporter) -> the weights after a training by so many workers."""

Referee: TypeAlias = Callable[[Contest, Path, Reporter], list[Standing]]
"""(contest, folder, reporter) -> how it ended; goes on from what `folder` holds."""


def train_here(task: TrainingTask, workers: int, checkpoint: Path, reporter: Reporter) -> Weights:
    """In this process.

    Raises:
        InvalidInputError: by more workers than one; several need a cluster.
    """
    if workers > 1:
        raise InvalidInputError(
            f"{workers} workers train on a Ray cluster, and this job has none",
            field="workers",
            given=workers,
            allowed="1, or a workplace that is a cluster",
        )
    return task.run(checkpoint, reporter)


@dataclass(frozen=True)
class Workplace:
    """This process, unless functions are given that work elsewhere, with the same results."""

    evaluators: EvaluatorFactory = LocalEvaluator
    train: Trainer = train_here
    compete: Referee = compete_here
