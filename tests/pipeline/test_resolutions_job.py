"""A job whose networks choose among resolutions, and what is refused of one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tinynas.errors import InvalidInputError
from tinynas.pipeline import Workplace, run_pipeline
from tinynas.pipeline.job import Job
from tinynas.pipeline.weights import _read
from tinynas.progress import Event, Reporter
from tinynas.request import Effort, JobRequest
from tinynas.spaces import Subspace, load_space
from tinynas.supernet import Supernet, SupernetCard, save_supernet

ASKED = (16, 24)


def test_the_winner_is_built_at_the_resolution_that_it_chose(
    request_of_digits: JobRequest, tmp_path: Path
) -> None:
    effort = Effort(train_images=640, evaluations=6, finetune_images=256)
    events: list[Event] = []
    found = run_pipeline(
        replace(request_of_digits, resolutions=ASKED, effort=effort),
        tmp_path,
        reporter=Reporter(listener=events.append),
    )
    assert {row["resolution"] for row in found.subspaces["subspaces"]} == set(ASKED)
    assert {c["resolution"] for c in found.candidates} == set(ASKED)
    assert all(c["architecture"]["resolution"] == c["resolution"] for c in found.candidates)
    report = json.loads((found.artifacts / "report.json").read_text())
    (winner,) = [c for c in found.candidates if c["id"] == report["chosen"]]
    graph = found.bundle.graph
    assert graph.tensors[graph.inputs[0]].shape == (1, *[winner["resolution"]] * 2, 1)
    assert found.summary["subspace"]["resolution"] == winner["resolution"]
    assert found.summary["macs"] == winner["macs"]
    assert found.summary["validation"]["mismatched_bytes"] == 0
    assert found.summary["sram_bytes"]["measured"] <= 16 << 10
    for file in ("report.md", "report.html"):
        assert f"{winner['resolution']} pixels" in (found.bundle.path / file).read_text()
    subnet, resolution = _read(found.artifacts / "model.pt")
    assert (resolution, subnet.network.resolution) == (winner["resolution"],) * 2


def test_a_supernet_that_is_given_has_its_own(
    request_of_digits: JobRequest, tmp_path: Path
) -> None:
    subspace = Subspace(load_space("tiny").with_resolutions((16, 24, 32)), 0.25, 32)
    job = Job(request_of_digits, tmp_path, Reporter(), Workplace())
    card = SupernetCard(
        *("tiny", 0.25, 32, job.dataset.classes, 1, "digits", 0, 0), resolutions=(16, 24, 32)
    )
    path = tmp_path / "three.safetensors"
    save_supernet(Supernet(subspace, 10, 1), card, path)
    given = replace(request_of_digits, supernet=str(path))
    assert replace(job, request=given).resolutions == (16, 24, 32)
    assert replace(job, request=replace(given, resolutions=ASKED)).resolutions == ASKED
    with pytest.raises(InvalidInputError, match="knows 16, 24, 32 pixels, asked for are 48") as e:
        _ = replace(job, request=replace(given, resolutions=(48,))).resolutions
    assert (e.value.field, e.value.allowed) == ("resolutions", [16, 24, 32])
