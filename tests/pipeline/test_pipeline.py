"""The whole way on real digits with little effort: what comes out, and that it is found again."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tinynas.errors import InfeasibleBudgetError
from tinynas.pipeline import JobResult, run_pipeline
from tinynas.progress import STEPS, Event, Reporter
from tinynas.request import JobRequest
from tinynas.supernet import read_card


def test_the_bundle_ran_and_nothing_differs(result: JobResult) -> None:
    summary = result.to_json()
    assert summary["validation"]["mismatched_bytes"] == 0
    assert summary["validation"]["vectors"] >= 16
    assert summary["validation"]["instructions"] > summary["macs"] / 2


def test_what_was_promised_was_measured_within_the_budget(result: JobResult) -> None:
    for key, budget in (("sram_bytes", 16 << 10), ("flash_bytes", 96 << 10)):
        figures = result.to_json()[key]
        assert figures["budget"] == budget
        assert figures["measured"] <= budget
        difference = abs(figures["measured"] - figures["predicted"])
        assert difference <= max(0.03 * figures["measured"], 64)


def test_everything_to_take_away_is_there(result: JobResult) -> None:
    names = {file.name for file in result.artifacts.iterdir()}
    assert names >= {"model.pt", "model.tflite", "model.onnx", "bundle.zip"}
    assert names >= {"report.html", "report.json", "supernet.safetensors"}
    card = read_card(result.artifacts / "supernet.safetensors")
    assert (card.dataset, card.width) == ("digits", result.subspaces["chosen"]["width"])
    with zipfile.ZipFile(result.artifacts / "bundle.zip") as archive:
        assert archive.testzip() is None
        assert "bundle/Makefile" in archive.namelist()
    report = json.loads((result.artifacts / "report.json").read_text())
    assert report["chosen"] in [c["id"] for c in report["candidates"]]
    assert len(result.candidates) == 6


def test_the_report_has_what_its_pages_show(result: JobResult) -> None:
    report = json.loads((result.artifacts / "report.json").read_text())
    assert {curve["step"] for curve in report["training"]} >= {"supernet", "finetune"}
    assert all(curve["points"] for curve in report["training"])
    wrong = sum(sum(row) - row[i] for i, row in enumerate(report["confusion"]["counts"]))
    assert len(report["mistakes"]) == min(24, wrong)
    assert report["search"]["asked"] >= len(report["candidates"]) + report["search"]["refused"]
    assert (result.artifacts / "simulator.txt").stat().st_size > 0


def test_the_bundle_passes_its_own_test_elsewhere(result: JobResult, tmp_path: Path) -> None:
    with zipfile.ZipFile(result.artifacts / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        ["make", "test"],
        cwd=tmp_path / "bundle",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "0 mismatched bytes" in done.stdout


def test_a_second_run_finds_every_step(result: JobResult, request_of_digits: JobRequest) -> None:
    events: list[Event] = []
    again = run_pipeline(
        request_of_digits, result.folder, reporter=Reporter(listener=events.append)
    )
    finished = {e.step: e.data["reused"] for e in events if e.kind == "step_finished"}
    assert finished == dict.fromkeys(STEPS, True)
    assert again.to_json() == result.to_json()


def test_the_same_request_gives_the_same_bytes_of_c(
    result: JobResult, request_of_digits: JobRequest, tmp_path: Path
) -> None:
    other = run_pipeline(request_of_digits, tmp_path / "other")
    sources = sorted(p.relative_to(result.bundle.path) for p in result.bundle.path.rglob("*.[ch]"))
    assert len(sources) > 10
    for source in sources:
        written = (result.bundle.path / source, other.bundle.path / source)
        assert written[0].read_bytes() == written[1].read_bytes(), source
    assert other.candidates == result.candidates


def test_a_budget_that_nothing_fits_is_refused_before_training(tmp_path: Path) -> None:
    events: list[Event] = []
    request = JobRequest("digits", device="stm32f411xe", sram_bytes=512)
    with pytest.raises(InfeasibleBudgetError) as caught:
        run_pipeline(request, tmp_path, reporter=Reporter(listener=events.append))
    assert caught.value.required_bytes > 512
    assert {e.step for e in events} <= {"subspace"}
