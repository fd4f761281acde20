"""Several finalists compete; one is deployed, and the result says what became of the others."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tinynas.contest import RUNGS
from tinynas.errors import InvalidInputError
from tinynas.pipeline import JobResult, run_pipeline
from tinynas.progress import Event, Reporter
from tinynas.request import MAX_FINALISTS, Effort, JobRequest


def test_the_best_of_three_finalists_is_deployed(
    result: JobResult, request_of_digits: JobRequest, tmp_path: Path
) -> None:
    effort = replace(request_of_digits.effort, finalists=3, finetune_images=256)
    shutil.copytree(result.folder / "steps", tmp_path / "steps")
    events: list[Event] = []
    found = run_pipeline(
        replace(request_of_digits, effort=effort),
        tmp_path,
        reporter=Reporter(listener=events.append),
    )
    reused = {e.step: e.data["reused"] for e in events if e.kind == "step_finished"}
    assert reused["search"]
    assert not reused["finetune"]
    finalists = found.to_json()["finalists"]
    order = sorted(result.candidates, key=lambda c: (-c["accuracy"], c["macs"], c["id"]))
    assert {f["id"] for f in finalists} == {c["id"] for c in order[:3]}
    ended = [f for f in finalists if not f["stopped"]]
    assert all(len(f["accuracies"]) == len(RUNGS) for f in ended)
    report = json.loads((found.artifacts / "report.json").read_text())
    best = max(f["accuracies"][-1] for f in ended)
    (winner,) = [f for f in ended if f["id"] == report["chosen"]]
    assert winner["accuracies"][-1] == best
    chosen = next(c for c in report["candidates"] if c["id"] == report["chosen"])
    assert found.to_json()["architecture"] == chosen["architecture"]
    (curve,) = [c for c in report["training"] if c["name"] == "finetune"]
    seen = [point["at"] for point in curve["points"]]
    assert seen == sorted(seen)
    assert seen[-1] == 256
    assert "finalists" not in result.to_json()


@pytest.mark.parametrize("count", [0, MAX_FINALISTS + 1])
def test_a_number_of_finalists_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(InvalidInputError, match=r"effort\.finalists") as raised:
        Effort(finalists=count)
    assert raised.value.allowed == f"1 to {MAX_FINALISTS}"
