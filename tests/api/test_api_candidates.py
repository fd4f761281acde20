"""A candidate in full: what the planner says of it now is what the search said of it then."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.store import Store, add_candidates, create_job, finish_job, note_progress, take_job
from tinynas.devices import Budget, load_device
from tinynas.request import JobRequest
from tinynas.schedule import Segment
from tinynas.search import Candidate, Feasibility
from tinynas.spaces import Subspace, load_space
from tinynas.subspace import choose_subspace

REQUEST = JobRequest("digits", "stm32f411xe", 6 << 10, 128 << 10)
SPACE = load_space("tiny")
SUBSPACE = Subspace(SPACE, 0.5, 32)


@pytest.fixture(scope="module")
def candidate() -> Candidate:
    """One that fits only in patches."""
    budget = Budget(6 << 10, 128 << 10)
    fits = Feasibility(SUBSPACE, 10, 1, budget, load_device("stm32f411xe"), "all")
    plan = fits.plan(SPACE.smallest)
    assert len(plan.schedule.segments) > 1
    return Candidate(
        3, plan.architecture, plan.schedule, plan.cost, plan.macs, 0.9, SUBSPACE.resolution
    )


@pytest.fixture
def job(store: Store, candidate: Candidate) -> str:
    table = choose_subspace(
        SPACE,
        REQUEST.budget,
        classes=10,
        input_channels=1,
        device=REQUEST.target,
        samples=8,
    ).to_json()
    # Of several resolutions stage 1 names one, and the candidate has its own.
    table["chosen"] |= {"width": SUBSPACE.width, "resolution": 16}
    table["task"] = {"classes": 10, "input_channels": 1}
    with store.write() as session:
        made, _ = create_job(session, REQUEST.to_json(), name="patches")
        assert take_job(session, "worker", seconds=60) is not None
        note_progress(session, made.id, "worker", subspaces=table)
        add_candidates(session, made.id, [candidate.to_json(pareto=True)])
        return made.id


def test_the_plan_is_the_one_that_the_search_judged_by(
    client: TestClient, job: str, candidate: Candidate
) -> None:
    found = client.get(f"/api/v1/jobs/{job}/candidates/3").json()
    assert found["pareto"] is True
    assert found["subspace"] == {"width": 0.5, "resolution": 32}
    plan = found["plan"]
    assert plan["sram_bytes"] == {"budget": 6 << 10, "predicted": found["sram_bytes"]}
    assert plan["flash_bytes"]["predicted"] == found["flash_bytes"]
    assert plan["macs"] == found["macs"] == sum(layer["macs"] for layer in plan["layers"])
    drawn, judged = (
        [Segment.from_json(s) for s in schedule["segments"]]
        for schedule in (plan["schedule"], found["schedule"])
    )
    assert drawn == judged
    buffers = [(b.name, b.offset, b.bytes, b.first, b.last) for b in candidate.schedule.buffers]
    assert [
        (b["name"], b["offset"], b["bytes"], b["first"], b["last"])
        for b in plan["schedule"]["buffers"]
    ] == buffers
    assert plan["blocks"][0]["kind"] == "stem"


def test_a_candidate_that_is_not_there_is_named(client: TestClient, job: str) -> None:
    for number in (0, 4):
        answer = client.get(f"/api/v1/jobs/{job}/candidates/{number}")
        assert answer.status_code == 404
        assert f"no candidate {number}" in answer.json()["detail"]
    assert client.get(f"/api/v1/jobs/{job}/candidates/-1").status_code == 422
    assert client.get("/api/v1/jobs/01AAAAAAAAAAAAAAAAAAAAAAAA/candidates/0").status_code == 404


def test_a_candidate_is_made_a_result_by_a_job_of_its_own(
    client: TestClient, store: Store, job: str
) -> None:
    place = f"/api/v1/jobs/{job}/candidates/3/promote"
    early = client.post(place)
    assert (early.status_code, early.json()["state"]) == (409, "running")
    with store.write() as session:
        finish_job(session, job, "worker", {"ok": True})
    first = client.post(place)
    assert first.status_code == 202
    made = first.json()
    assert (made["parent_id"], made["request"]["candidate"]) == (job, 3)
    assert made["request"] | {"candidate": None, "name": None} == REQUEST.to_json()
    assert client.post(place).json()["id"] == made["id"]
    listed = client.get("/api/v1/jobs", params={"parent": job}).json()["items"]
    assert [j["id"] for j in listed] == [made["id"]]
    client.post(f"/api/v1/jobs/{made['id']}/cancel")
    assert client.post(place).json()["id"] != made["id"]
    assert client.post(place.replace("/3/", "/4/")).status_code == 404
