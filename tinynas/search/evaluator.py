"""How good a subnet is, measured with the supernet's weights.

The search asks an `Evaluator`; the one here measures in this process, the service brings one
whose actors are spread over a cluster.  Both call `EvaluationTask.measure`, so both give the same
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinynas.data import Split
from tinynas.data.pixels import resize
from tinynas.spaces import Architecture
from tinynas.supernet import (
    Supernet,
    accuracy,
    freed_memory_kept,
    recalibrate,
    torch_threads,
)


@dataclass(frozen=True)
class EvaluationTask:
    """Everything a measurement needs; picklable, sent to each actor once.

    recalibration: uint8 images [N, H, W, C] for the batch-norm statistics of a subnet.
    validation: held-out images and labels; never the test split.

    Where resolutions are searched both are of the data's own, and brought to the subnet's once.
    """

    supernet: Supernet
    recalibration: NDArray[np.uint8]
    validation: Split

    @cached_property
    def _sized(self) -> dict[int, tuple[NDArray[np.uint8], Split]]:
        return {}

    def _at(self, resolution: int) -> tuple[NDArray[np.uint8], Split]:
        """Both at so many pixels."""
        if resolution not in self._sized:
            images = resize(self.recalibration, resolution), self.validation.at(resolution)
            self._sized[resolution] = images
        return self._sized[resolution]

    def measure(self, architecture: Architecture) -> float:
        """Validation accuracy (0 to 1) of a subnet with inherited weights.

        In one thread, wherever it is measured: more of them round sums otherwise.
        """
        with torch_threads(1), freed_memory_kept():
            subnet = self.supernet.subnet(architecture)
            images, split = self._at(subnet.network.resolution)
            recalibrate(subnet, images)
            return accuracy(subnet, split)


class Evaluator(Protocol):
    """Measures subnets; a context manager that gives back what it holds."""

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Validation accuracies (0 to 1), in the order of `architectures`."""

    def close(self) -> None:
        """Give back processes and memory."""


EvaluatorFactory: TypeAlias = Callable[[EvaluationTask], Evaluator]


class LocalEvaluator:
    """Measures one subnet after the other in this process."""

    def __init__(self, task: EvaluationTask) -> None:
        self._task = task

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        return [self._task.measure(architecture) for architecture in architectures]

    def close(self) -> None:
        """Nothing is held."""
