"""The last choice: on images kept back, by what is seen there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_search_engines import FEASIBILITY, SPACE, SUBSPACE

from tinynas.data import Split
from tinynas.search import Candidate, EvaluationTask, keep_back, rerank, standard_error
from tinynas.spaces import Architecture
from tinynas.supernet import Supernet


def split(count: int) -> Split:
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 1), dtype=np.uint8)
    return Split(images, np.arange(count, dtype=np.int64) % 10)


def test_what_is_kept_back_is_not_searched_by() -> None:
    whole = split(5000)
    searched, held = keep_back(whole, seed=3)
    assert held is not None
    assert (len(searched), len(held)) == (2000, 3000)
    seen, kept = ({image.tobytes() for image in part.images} for part in (searched, held))
    assert len(seen | kept) == 5000
    again, _ = keep_back(whole, seed=3)
    other, _ = keep_back(whole, seed=4)
    assert np.array_equal(again.images, searched.images)
    assert not np.array_equal(other.images, searched.images)


def test_a_rare_class_is_in_both() -> None:
    """Where every class counts alike, one that is in one part alone would decide by its absence."""
    labels = np.repeat(np.arange(3, dtype=np.int64), (3000, 1000, 2))
    images = np.zeros((len(labels), 1, 1, 1), np.uint8)
    for seed in range(5):
        searched, held = keep_back(Split(images, labels, balanced=True), seed=seed)
        assert held is not None
        assert set(searched.labels) == set(held.labels) == {0, 1, 2}
        assert len(searched) == pytest.approx(2000, abs=2)


def test_few_images_are_not_divided() -> None:
    whole = split(999)
    assert keep_back(whole, seed=0) == (whole, None)
    searched, held = keep_back(split(1000), seed=0)
    assert held is not None
    assert len(searched) == len(held) == 500


def test_finalists_are_ranked_by_what_they_reach_there() -> None:
    supernet, held = Supernet(SUBSPACE, 10, 1), split(60)
    rows = SPACE.sample(6, np.random.default_rng(2))
    candidates = []
    for i, architecture in enumerate(Architecture.of_rows(SPACE, rows)):
        plan = FEASIBILITY.plan(architecture)
        candidates.append(
            Candidate(i, architecture, plan.schedule, plan.cost, plan.macs, 0.5 - 0.01 * i, 16)
        )
    recalibration = split(32).images
    finalists = rerank(candidates, supernet, recalibration, held, count=4)
    assert {f.id for f in finalists} == {0, 1, 2, 3}
    task = EvaluationTask(supernet, recalibration, held)
    for finalist in finalists:
        assert finalist.accuracy == task.measure(candidates[finalist.id].architecture)
        assert finalist.standard_error == standard_error(finalist.accuracy, 60)
    accuracies = [f.accuracy for f in finalists]
    assert accuracies == sorted(accuracies, reverse=True)


def test_the_standard_error_is_that_of_a_share() -> None:
    drawn = np.random.default_rng(0).random((20_000, 200)) < 0.8
    assert standard_error(0.8, 200) == pytest.approx(drawn.mean(axis=1).std(), rel=0.03)


def test_the_standard_error_of_a_balanced_score_is_that_of_its_rare_class() -> None:
    labels = np.repeat(np.arange(2, dtype=np.int64), (190, 10))
    split = Split(np.zeros((200, 1, 1, 1), np.uint8), labels, balanced=True)
    rng = np.random.default_rng(0)
    scores = [split.score(np.where(rng.random(200) < 0.8, labels, 1 - labels)) for _ in range(5000)]
    assert standard_error(0.8, split.images_alike) == pytest.approx(np.std(scores), rel=0.04)
    assert replace(split, balanced=False).images_alike == 200
