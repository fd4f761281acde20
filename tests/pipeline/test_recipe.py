"""Recipe, margin, hyperparameters of a request: what they decide, and what is kept of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tinynas.errors import CancelledError, InvalidInputError
from tinynas.hyperparameters import Hyperparameters
from tinynas.pipeline import JobResult, Workplace, run_pipeline, training
from tinynas.pipeline.job import Job
from tinynas.progress import Event, Reporter
from tinynas.report.views import training_text
from tinynas.request import MAX_MARGIN, Effort, JobRequest, check_request, starting_from
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import SupernetCard, save_supernet

SUBSPACE = Subspace(load_space("tiny"), 0.25, 16)
WHO = ("largest", "sampled", "smallest")


def job_of(request: JobRequest, folder: Path, reporter: Reporter | None = None) -> Job:
    request = replace(request, effort=Effort(train_images=320))
    return Job(request, folder, reporter or Reporter(), Workplace())


def test_a_margin_is_the_fine_tuning_s_alone(
    result: JobResult, request_of_digits: JobRequest, tmp_path: Path
) -> None:
    shutil.copytree(result.folder / "steps", tmp_path / "steps")
    events: list[Event] = []
    found = run_pipeline(
        replace(request_of_digits, margin=0.5),
        tmp_path,
        reporter=Reporter(listener=events.append),
    )
    reused = {e.step: e.data["reused"] for e in events if e.kind == "step_finished"}
    assert (reused["supernet"], reused["search"], reused["finetune"]) == (True, True, False)
    report = json.loads((found.artifacts / "report.json").read_text())
    assert (report["request"]["recipe"], report["request"]["margin"]) == ("sandwich", 0.5)
    text = "Supernet trained by the sandwich rule; fine-tuning with a margin of 0.5"
    assert text in (found.artifacts / "report.html").read_text()
    first, second = (
        torch.load(folder / "artifacts" / "model.pt", weights_only=True)["state_dict"]
        for folder in (result.folder, tmp_path)
    )
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_changed_recipe_starts_anew(request_of_digits: JobRequest, tmp_path: Path) -> None:
    """A training of the other recipe that was interrupted is in the same folder."""
    calls = iter(range(100))
    stopped = Reporter(cancelled=lambda: next(calls) > 5)
    with pytest.raises(CancelledError):
        training.train(job_of(request_of_digits, tmp_path / "a", stopped), SUBSPACE)
    progressive = replace(request_of_digits, recipe="progressive")
    trained = [
        training.train(job_of(progressive, tmp_path / name), SUBSPACE) for name in ("a", "b")
    ]
    one, other = (torch.load(t.path / "supernet.pt", weights_only=True) for t in trained)
    assert all(torch.equal(one[name], other[name]) for name in one)
    points = json.loads((trained[0].path / "curves.json").read_text())
    seen = {key: [p["at"] for p in points if f"{key}_loss" in p["values"]] for key in WHO}
    assert not seen["smallest"]  # the sandwich has it
    assert max(seen["largest"]) < min(seen["sampled"])
    assert max(seen["sampled"]) == 320
    card = training.card_of(job_of(progressive, tmp_path / "a"), SUBSPACE, trained[0])
    assert "recipe='progressive'" in card.recipe


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recipe": "osmosis"}, "recipe"),
        ({"margin": -0.1}, "margin"),
        ({"margin": MAX_MARGIN + 1}, "margin"),
        ({"margin": float("nan")}, "margin"),
        ({"margin": True}, "margin"),
        ({"engine": "annealing"}, "engine"),
        ({"objectives": ("sram", "accuracy")}, "objectives"),
        ({"engine": "predicted", "objectives": ("accuracy", "sram")}, "engine"),
        ({"supernet": "a"}, "effort.train_images"),
        ({"supernet": "a", "effort": Effort(), "recipe": "progressive"}, "recipe"),
        ({"supernet": "a", "effort": Effort(train_minutes=1)}, "effort.train_minutes"),
        ({"workers": 8, "training": Hyperparameters(batch_size=15)}, "training.batch_size"),
        ({"workers": 33}, "training.batch_size"),
    ],
)
def test_what_is_not_allowed_is_named(
    request_of_digits: JobRequest, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError, match=field) as raised:
        check_request(replace(request_of_digits, **changes))  # type: ignore[arg-type]
    assert raised.value.field == field
    assert raised.value.allowed


def test_latency_is_no_budget_where_no_timings_are_known(request_of_digits: JobRequest) -> None:
    request = replace(request_of_digits, device="stm32l552ze")
    check_request(request)
    with pytest.raises(InvalidInputError, match="cortex-m33") as raised:
        check_request(replace(request, latency_ms=5.0))
    with pytest.raises(InvalidInputError, match="cortex-m33"):
        check_request(replace(request, objectives=("accuracy", "latency")))
    assert raised.value.field == "device"
    assert "cortex-m4" in raised.value.allowed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 1),
        ("batch_size", 32.0),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("warmup", 1.5),
        ("average", True),
    ],
)
def test_hyperparameters_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(InvalidInputError) as raised:
        Hyperparameters(**{name: value})  # type: ignore[arg-type]
    assert raised.value.field == f"training.{name}"
    assert raised.value.allowed


def test_hyperparameters_are_the_supernet_s_and_fine_tuning_follows(
    request_of_digits: JobRequest, tmp_path: Path
) -> None:
    given = Hyperparameters(batch_size=32, learning_rate=4e-3, weight_decay=0.1, average=0.99)
    request = replace(request_of_digits, training=given)
    assert JobRequest.from_json(request.to_json()) == request
    job, default = job_of(request, tmp_path), job_of(request_of_digits, tmp_path)
    plan, single = training.training_plan(job), training.single_plan(job, 100, 1e-3)
    assert {name: getattr(plan, name) for name in given.given()} == given.given()
    assert (single.batch_size, single.weight_decay, single.average) == (32, 0.1, 0.0)
    assert single.learning_rate == pytest.approx(0.5e-3)
    usual = training.single_plan(default, 100, 1e-3)
    assert (usual.learning_rate, usual.batch_size) == (1e-3, 64)
    text = training_text({"request": request.to_json()})
    assert text.endswith("batches of 32; learning rate 0.004; weight decay 0.1; average 0.99.")


def test_a_request_of_before_recipes_is_read(request_of_digits: JobRequest) -> None:
    stored = request_of_digits.to_json()
    del stored["recipe"], stored["margin"], stored["training"]
    assert JobRequest.from_json(stored) == request_of_digits


@pytest.mark.parametrize(("trained_on", "warnings"), [("digits", 0), ("letters", 1)])
def test_a_supernet_of_other_data_is_taken_with_a_warning(
    request_of_digits: JobRequest, tmp_path: Path, trained_on: str, warnings: int
) -> None:
    """Its classes are the same, but what it has seen may be what it is tested by."""
    classes = tuple(str(i) for i in range(10))
    card = SupernetCard("tiny", 0.25, 16, classes, 1, trained_on, 100, 0)
    save_supernet(card.supernet(), card, tmp_path / "given.safetensors")
    events: list[Event] = []
    request = starting_from(request_of_digits, str(tmp_path / "given.safetensors"))
    job = Job(request, tmp_path, Reporter(listener=events.append), Workplace())
    training.train(job, SUBSPACE)
    said = [e.data["message"] for e in events if e.kind == "log"]
    assert len([text for text in said if "was trained on letters" in text]) == warnings
