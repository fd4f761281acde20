"""A network that has learnt nothing is said to be so."""

from __future__ import annotations

import numpy as np
import pytest

from tinynas.data import Split
from tinynas.pipeline.searching import warn_of_chance
from tinynas.progress import Event, Reporter


def _split(counts: list[int], *, balanced: bool = False) -> Split:
    labels = np.repeat(np.arange(len(counts)), counts)
    return Split(np.zeros((len(labels), 4, 4, 1), np.uint8), labels, balanced)


@pytest.mark.parametrize(
    ("counts", "balanced", "chance"),
    [
        ([50, 50], False, 0.5),
        ([90, 10], False, 0.9),
        ([90, 10], True, 0.5),
        ([7, 7, 7], True, 1 / 3),
    ],
)
def test_chance_is_the_best_score_of_one_class(
    counts: list[int], balanced: bool, chance: float
) -> None:
    split = _split(counts, balanced=balanced)
    always = [split.score(np.full(sum(counts), c)) for c in range(len(counts))]
    assert split.chance == pytest.approx(max(always)) == pytest.approx(chance)


@pytest.mark.parametrize(("accuracy", "warned"), [(0.1, True), (0.12, True), (0.2, False)])
def test_a_winner_that_is_no_better_than_chance_is_told(accuracy: float, warned: bool) -> None:
    events: list[Event] = []
    warn_of_chance(accuracy, _split([100] * 10), Reporter("search", events.append))
    assert [event.kind for event in events] == ["log"] * warned
    if warned:
        assert f"{accuracy:.1%}" in events[0].data["message"]
        assert "10.0%" in events[0].data["message"]
