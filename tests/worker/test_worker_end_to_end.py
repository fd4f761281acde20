"""The real pipeline as a job of the real service, and the same request without any service."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tinynas.client import Client
from tinynas.pipeline import run_pipeline
from tinynas.progress import STEPS, Event, Reporter
from tinynas.request import Effort, JobRequest
from worker.embedded import EmbeddedService

REQUEST = {"dataset": "digits", "device": "stm32f411xe", "seed": 5}
EFFORT = {"train_images": 640, "evaluations": 6, "finetune_images": 256}


def contents(archive: Path, kind: str) -> dict[str, bytes]:
    """The files of a bundle that end in `kind`."""
    with zipfile.ZipFile(archive) as files:
        return {n: files.read(n) for n in files.namelist() if n.endswith(kind)}


@pytest.mark.slow
def test_a_service_gives_what_the_library_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYNAS_EVALUATORS", "2")
    steps = []
    with EmbeddedService(home=tmp_path / "home", port=0) as service, Client(service.url) as client:
        job = client.submit(**REQUEST, sram="32KB", flash="128KB", effort=EFFORT)
        for event in client.events(job.id):
            if event.kind == "step_finished":
                steps.append(event.step)
        job = client.job(job.id)
        assert job.state == "succeeded", job.error
        candidates = list(client.candidates(job.id))
        table = client.subspaces(job.id)
        bundle = client.download(job.id, "bundle.zip", tmp_path)
        log = client.download(job.id, "log.txt", tmp_path).read_text()
        effort = {"evaluations": 4, "finetune_images": 256}
        small = {"device": "stm32l476xg", "sram": "12KB", "effort": effort, "supernet": job.id}
        heard = []
        other = client.wait(client.submit(**REQUEST | small).id, heard.append)
        left = {artifact.name for artifact in client.artifacts(other.id)}
    assert tuple(steps) == STEPS
    assert "simulate: finished" in log
    assert job.result is not None
    assert job.result["validation"]["mismatched_bytes"] == 0
    assert other.result is not None, other.error
    assert other.result["validation"]["mismatched_bytes"] == 0
    assert other.result["subspace"] == job.result["subspace"]
    assert other.result["sram_bytes"]["measured"] <= 12 << 10
    assert not [e for e in heard if (e.kind, e.step) == ("metric", "supernet")]
    assert "supernet.safetensors" not in left
    assert job.best is not None
    assert job.best["accuracy"] == max(c["accuracy"] for c in candidates)

    request = JobRequest(
        **REQUEST, sram_bytes=32 * 1024, flash_bytes=128 * 1024, effort=Effort(**EFFORT)
    )
    # What actors measured is measured here again; all else is found where it has the same key.
    theirs = tmp_path / "home" / "storage" / "jobs" / job.id / "steps"
    others = shutil.ignore_patterns("search-*")
    shutil.copytree(theirs, tmp_path / "alone" / "steps", ignore=others)
    found: list[Event] = []
    alone = run_pipeline(
        request,
        tmp_path / "alone",
        reporter=Reporter("", found.append),
    )
    reused = {e.step: e.data["reused"] for e in found if e.kind == "step_finished"}
    assert [step for step in STEPS if not reused[step]] == ["search"]
    as_json = json.loads(json.dumps(alone.candidates))
    assert candidates == as_json
    assert table["chosen"] == alone.subspaces["chosen"]
    here = alone.artifacts / "bundle.zip"
    assert contents(bundle, ".c") == contents(here, ".c")
    assert contents(bundle, ".h") == contents(here, ".h")
