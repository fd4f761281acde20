"""Recipes against each other: what is known is not trained again, and all see the same images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.ledger import Ledger
from benchmarks.recipes import judged
from tinynas.data import load_dataset
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import TrainingPlan

SUBSPACE = Subspace(load_space("tiny"), 0.25, 16)


def test_every_way_is_judged_by_the_same_networks(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "recipes.jsonl")
    dataset = load_dataset("digits").at(16)
    plan = TrainingPlan(64, batch_size=32, threads=1)
    ways = [(plan, "crop"), (replace(plan, recipe="progressive"), "transform")]
    found = [judged(ledger, SUBSPACE, dataset, p, k, 1, tmp_path) for p, k in ways]
    assert [len(accuracies) for accuracies in found] == [3, 3]
    assert all(0 <= a <= 1 for accuracies in found for a in accuracies)
    assert not list(tmp_path.glob("recipe-*"))
    known = Ledger(tmp_path / "recipes.jsonl")
    again = judged(known, SUBSPACE, dataset, replace(plan, threads=2), "crop", 1, tmp_path / "no")
    assert again == found[0]
