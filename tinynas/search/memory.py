"""Accuracies that are known already: one supernet serves many budgets, and many of the networks
that fit one fit another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from tinynas.search.evaluator import EvaluationTask, Evaluator, EvaluatorFactory
from tinynas.spaces import Architecture
from tinynas.supernet import weights_hash


class RememberingEvaluator:
    """Asks `evaluator` only for what `file` does not hold.

    Architectures are known by their active choices alone; the file's entries by the weights and
    images that they were measured with, so that several supernets may share one file.
    """

    def __init__(self, evaluator: Evaluator, file: Path, task: EvaluationTask) -> None:
        self._evaluator, self._file, self._task = evaluator, file, _digest(task)
        self._known: dict[tuple[int, ...], float] = {}
        for line in file.read_text().splitlines() if file.is_file() else ():
            try:
                task_of, row, accuracy = json.loads(line)
            except ValueError:  # half a line, of a process that was killed
                continue
            if task_of == self._task:
                self._known[tuple(row)] = accuracy

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        fresh = list({_key(a): a for a in architectures if _key(a) not in self._known}.values())
        if fresh:
            found = self._evaluator.evaluate(fresh)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                for architecture, accuracy in zip(fresh, found, strict=True):
                    self._known[_key(architecture)] = accuracy
                    entry = (self._task, list(_key(architecture)), accuracy)
                    file.write(json.dumps(entry) + "\n")
        return [self._known[_key(a)] for a in architectures]

    def close(self) -> None:
        self._evaluator.close()


def _key(architecture: Architecture) -> tuple[int, ...]:
    """The row, with a resolution that is a choice in pixels: of which it is one differs between
    searches of one supernet."""
    chosen = architecture.resolution
    return architecture.row if chosen is None else (*architecture.row[:-1], chosen)


def remembering(factory: EvaluatorFactory, file: Path) -> EvaluatorFactory:
    """Evaluators of `factory` that remember what they measure in `file` (JSON lines)."""
    return lambda task: RememberingEvaluator(factory(task), file, task)


def _digest(task: EvaluationTask) -> str:
    """Of everything that an accuracy depends on beside the architecture."""
    digest = hashlib.blake2b(weights_hash(task.supernet).encode(), digest_size=8)
    digest.update(task.recalibration.tobytes())
    digest.update(task.validation.images.tobytes())
    digest.update(task.validation.labels.tobytes())
    digest.update(bytes([task.validation.balanced]))
    return digest.hexdigest()
