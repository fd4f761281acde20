"""A job that starts from the supernet of another one: what it may be, what stage 1 and time say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.store import (
    Artifact,
    Store,
    add_step_time,
    create_job,
    expire_jobs,
    finish_job,
    note_progress,
    put_artifacts,
    take_job,
    utc_now,
)
from tinynas.progress import STEPS
from tinynas.request import SUPERNET, Effort, JobRequest
from tinynas.subspace import SubspaceTable, choose_subspace

JOBS = "/api/v1/jobs"
BODY = {"dataset": "digits", "device": "stm32l476xg", "sram": "12KB", "flash": "128KB"}
TRAINED = JobRequest(
    "digits",
    "stm32f411xe",
    32 << 10,
    128 << 10,
    effort=Effort(train_images=1000),
    seed=7,
    resolutions=(16, 24, 32),
)
"""Of a job whose supernet others start from."""
SEED = {"seed": TRAINED.seed}
MakeJob = Callable[..., str]


@pytest.fixture(scope="module")
def table() -> SubspaceTable:
    return choose_subspace(
        TRAINED.space_for(8),
        TRAINED.budget,
        classes=10,
        input_channels=1,
        device=TRAINED.target,
        resolutions=TRAINED.resolutions_for(8),
        samples=20,
    )


@pytest.fixture
def finished(store: Store, table: SubspaceTable) -> MakeJob:
    """`finished(request, ended=..., kept=..., **columns)`: the id of a new job; `kept` says whether
    it has left its supernet."""

    def make(
        request: JobRequest = TRAINED, *, ended: bool = True, kept: bool = True, **columns: Any
    ) -> str:
        with store.write() as session:
            job, _ = create_job(session, request.to_json(), name="trained", **columns)
            taken = take_job(session, "w", seconds=60)
            assert taken is not None
            assert taken.id == job.id
            note_progress(session, job.id, "w", subspaces=table.to_json())
            if kept:
                file = Artifact(
                    job_id=job.id,
                    name=SUPERNET,
                    media_type="application/octet-stream",
                    bytes=1,
                    sha256="0" * 64,
                    path=f"jobs/{job.id}/artifacts/{SUPERNET}",
                )
                put_artifacts(session, job.id, [file])
            if ended:
                finish_job(session, job.id, "w", {"ok": True})
            return job.id

    return make


def refused(client: TestClient, **changes: Any) -> dict[str, Any]:
    """The problem, which all ways to ask have in common."""
    body = BODY | SEED | changes
    answers = [client.post(f"{JOBS}{way}", json=body) for way in ("", "/preview", "/estimate")]
    assert {answer.status_code for answer in answers} == {422}, answers[0].text
    document: dict[str, Any] = answers[0].json()
    assert all(answer.json() == document for answer in answers)
    return document


def test_a_job_starts_from_a_finished_one(
    client: TestClient, finished: MakeJob, table: SubspaceTable
) -> None:
    first = finished()
    answer = client.post(JOBS, json=BODY | SEED | {"supernet": first})
    assert answer.status_code == 202, answer.text
    job = client.get(answer.headers["location"]).json()
    assert (job["parent_id"], job["request"]["supernet"]) == (first, first)
    assert job["request"]["space"] == table.chosen.space.name
    listed = client.get(JOBS, params={"parent": first}).json()["items"]
    assert [one["id"] for one in listed] == [job["id"]]


def test_stage_one_keeps_to_the_supernet(
    client: TestClient, finished: MakeJob, table: SubspaceTable
) -> None:
    body = BODY | SEED | {"supernet": finished()}
    found = client.post(f"{JOBS}/preview", json=body).json()
    pairs = {(row["width"], row["resolution"]) for row in found["subspaces"]}
    assert pairs == {(table.chosen.width, side) for side in (16, 24, 32)}
    found = client.post(f"{JOBS}/preview", json=body | {"resolutions": [24]}).json()
    assert [row["resolution"] for row in found["subspaces"]] == [24]
    one = finished(replace(TRAINED, resolutions=None))
    found = client.post(f"{JOBS}/preview", json=body | {"supernet": one}).json()
    assert [row["resolution"] for row in found["subspaces"]] == [table.chosen.resolution]


def test_a_budget_too_small_for_its_width_says_what_would_do(
    client: TestClient, finished: MakeJob, table: SubspaceTable
) -> None:
    body = BODY | SEED | {"supernet": finished(), "sram": 512}
    problem = client.post(JOBS, json=body).json()
    assert problem["field"] == "sram"
    assert f"with width {table.chosen.width:g}" in problem["detail"]
    assert client.post(JOBS, json=body | {"sram": problem["required_bytes"]}).status_code == 202
    # A narrower one needs less, and may have it.
    narrow = client.post(JOBS, json=BODY | {"sram": 512}).json()
    assert narrow["required_bytes"] < problem["required_bytes"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": "cifar10"}, "dataset"),
        ({"seed": 0}, "seed"),
        ({"space": "mcunet"}, "space"),
        ({"resolutions": [16, 48]}, "resolutions"),
        ({"recipe": "progressive"}, "recipe"),
        ({"effort": {"train_images": 10}}, "effort.train_images"),
        ({"effort": {"train_minutes": 1}}, "effort.train_minutes"),
        ({"training": {"warmup": 0.2}}, "training.warmup"),
        ({"training": {"average": 0.9}}, "training.average"),
    ],
)
def test_what_does_not_go_with_it_is_named(
    client: TestClient, finished: MakeJob, changes: dict[str, Any], field: str
) -> None:
    first = finished()
    problem = refused(client, supernet=first, **changes)
    assert problem["field"] == field
    assert problem["allowed"] is not None
    assert first in problem["detail"]


def test_what_fine_tuning_heeds_may_be_given(client: TestClient, finished: MakeJob) -> None:
    body = BODY | SEED | {"supernet": finished(), "space": "tiny", "margin": 0.5}
    body |= {"training": {"learning_rate": 0.004}, "effort": {"finetune_images": 100}}
    assert client.post(JOBS, json=body).status_code == 202


@pytest.mark.parametrize("text", ["../../etc/passwd", "cifar10.safetensors", "x" * 27, ""])
def test_a_file_is_not_asked_for_by_its_name(client: TestClient, text: str) -> None:
    assert refused(client, supernet=text)["field"] == "supernet"


def test_a_job_that_has_none_is_refused_with_the_reason(
    client: TestClient, store: Store, finished: MakeJob
) -> None:
    def why(job_id: str) -> str:
        problem = refused(client, supernet=job_id)
        assert (problem["field"], problem["given"]) == ("supernet", job_id)
        return str(problem["detail"])

    assert why("cifar10") == "there is no job cifar10"
    running = finished(ended=False)
    assert why(running) == f"job {running} is running, and no supernet of it is there"
    assert "has left no supernet" in why(finished(kept=False))
    first = finished()
    second = finished(replace(TRAINED, supernet=first), kept=False)
    later = utc_now() + timedelta(days=1)
    with store.write() as session:
        expire_jobs(session, later, later)
    assert f"job {first} has left no supernet" in why(first)
    assert f"job {first}, from which job {second} started, has left no supernet" in why(second)


def test_a_job_that_has_started_from_another_leads_to_that(
    client: TestClient, finished: MakeJob
) -> None:
    first = finished()
    second = finished(replace(TRAINED, supernet=first), kept=False)
    job = client.post(JOBS, json=BODY | SEED | {"supernet": second}).json()
    assert (job["parent_id"], job["request"]["supernet"]) == (first, first)


def test_a_data_set_of_the_same_name_is_not_the_same(client: TestClient, finished: MakeJob) -> None:
    problem = refused(client, supernet=finished(dataset_id="0" * 26))
    assert problem["field"] == "dataset"
    assert "another one of this name" in problem["detail"]


def test_no_time_is_foreseen_for_a_training_that_was_done(
    client: TestClient, store: Store, finished: MakeJob
) -> None:
    body = BODY | SEED | {"supernet": finished(), "effort": {"evaluations": 20}}
    macs = client.post(f"{JOBS}/preview", json=body).json()["chosen"]["mean_macs"]
    with store.write() as session:
        for step in STEPS:
            work = macs * {"search": 10, "finetune": 500}.get(step, 0)
            if step != "supernet":
                add_step_time(session, "a job", step, 2.0, work=work)
    found = client.post(f"{JOBS}/estimate", json=body).json()
    assert found["reason"] is None
    seconds = {one["step"]: one["seconds"] for one in found["steps"]}
    assert (seconds["supernet"], seconds["search"]) == (0, 4)
    # Half of the images that the supernet has seen, which the other job was asked for.
    assert seconds["finetune"] == 2
