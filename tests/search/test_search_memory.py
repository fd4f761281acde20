"""Accuracies that are kept: measured once, by anyone, for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tinynas.data import Split
from tinynas.search import EvaluationTask, LocalEvaluator, RememberingEvaluator, remembering
from tinynas.spaces import Architecture, Subspace, load_space
from tinynas.supernet import Supernet

SPACE = load_space("tiny")


class Counting(LocalEvaluator):
    def __init__(self, task: EvaluationTask) -> None:
        super().__init__(task)
        self.asked: list[Architecture] = []

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        self.asked += architectures
        return super().evaluate(architectures)


@pytest.fixture(scope="module")
def task() -> EvaluationTask:
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), dtype=np.uint8)
    split = Split(images, np.arange(40, dtype=np.int64) % 10)
    return EvaluationTask(Supernet(Subspace(SPACE, 0.25, 16), 10, 1), images[:16], split)


@pytest.fixture(scope="module")
def architectures() -> list[Architecture]:
    return Architecture.of_rows(SPACE, SPACE.sample(4, np.random.default_rng(1)))


def test_nothing_is_measured_twice(
    task: EvaluationTask, architectures: list[Architecture], tmp_path: Path
) -> None:
    first, second = Counting(task), Counting(task)
    file = tmp_path / "known" / "accuracies.jsonl"
    evaluator = RememberingEvaluator(first, file, task)
    found = evaluator.evaluate([*architectures[:3], architectures[0]])
    assert found == [*LocalEvaluator(task).evaluate(architectures[:3]), found[0]]
    assert first.asked == architectures[:3]
    again = RememberingEvaluator(second, file, task)
    assert again.evaluate(architectures)[:3] == found[:3]
    assert second.asked == architectures[3:]


def test_other_weights_or_images_are_another_question(
    task: EvaluationTask, architectures: list[Architecture], tmp_path: Path
) -> None:
    file = tmp_path / "accuracies.jsonl"
    remembering(LocalEvaluator, file)(task).evaluate(architectures[:1])
    others = (
        replace(task, supernet=Supernet(Subspace(SPACE, 0.25, 16), 10, 1, seed=1)),
        replace(task, recalibration=task.recalibration[:8]),
        replace(task, validation=task.validation.take(np.arange(20))),
    )
    for other in others:
        counting = Counting(other)
        RememberingEvaluator(counting, file, other).evaluate(architectures[:1])
        assert len(counting.asked) == 1


def test_half_a_line_is_no_matter(
    task: EvaluationTask, architectures: list[Architecture], tmp_path: Path
) -> None:
    file = tmp_path / "accuracies.jsonl"
    remembering(LocalEvaluator, file)(task).evaluate(architectures[:2])
    file.write_text(file.read_text()[:-9])
    counting = Counting(task)
    RememberingEvaluator(counting, file, task).evaluate(architectures[:2])
    assert counting.asked == architectures[1:2]
