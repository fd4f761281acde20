"""Jobs over REST: what is accepted, what is refused and how, what may be done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from api.settings import Settings
from api.store import Store, fail_job, finish_job, take_job

JOBS = "/api/v1/jobs"
DEMO = {"dataset": "digits", "device": "stm32f411re", "sram": "32KB", "flash": "128KB"}


def submit(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post(JOBS, json={**DEMO, **changes})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer, checked for what every one must have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_a_job_is_accepted_and_found_where_the_answer_says(client: TestClient) -> None:
    answer = client.post(JOBS, json={**DEMO, "name": " first ", "effort": {"evaluations": 8}})
    assert answer.status_code == 202
    job = answer.json()
    assert client.get(answer.headers["location"]).json() == job
    assert (job["state"], job["name"], job["result"]) == ("queued", "first", None)
    assert job["request"]["sram_bytes"] == 32 * 1024
    assert job["request"]["effort"]["evaluations"] == 8


def test_sizes_are_bytes_or_text_and_come_from_the_device_if_absent(client: TestClient) -> None:
    assert submit(client, sram=32768)["request"]["sram_bytes"] == 32768
    assert submit(client, sram="32 KiB")["request"]["sram_bytes"] == 32768
    job = client.post(JOBS, json={"dataset": "digits", "device": "stm32f411xe"})
    assert job.status_code == 202
    assert client.post(JOBS, json={k: DEMO[k] for k in ("dataset", "sram", "flash")}).is_success


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dataset": None}, "dataset"),
        ({"dataset": 3}, "dataset"),
        ({"dataset": ""}, "dataset"),
        ({"dataset": "no-such"}, "dataset"),
        ({"dataset": "/etc"}, "dataset"),
        ({"device": "no-such"}, "device"),
        ({"device": None, "sram": None}, "device"),
        ({"device": None, "flash": None}, "flash"),
        ({"sram": "1 parsec"}, "sram"),
        ({"sram": 0}, "sram"),
        ({"sram": -1}, "sram"),
        ({"sram": True}, "sram"),
        ({"sram": "1GB"}, "sram"),
        ({"sram": "200KB"}, "sram"),
        ({"flash": "1.5"}, "flash"),
        ({"space": "no-such"}, "space"),
        ({"space": "../../etc/passwd"}, "space"),
        ({"schedules": "sideways"}, "schedules"),
        ({"schedules": "layer", "input": "rows"}, "schedules"),
        ({"input": "columns"}, "input"),
        ({"macs": 0}, "macs"),
        ({"recipe": "osmosis"}, "recipe"),
        ({"engine": "annealing"}, "engine"),
        ({"objectives": ["macs"]}, "objectives"),
        ({"objectives": [1]}, "objectives"),
        ({"engine": "evolution", "objectives": ["accuracy", "sram"]}, "engine"),
        ({"margin": -1}, "margin"),
        ({"margin": 11}, "margin"),
        ({"training": {"batch_size": 1}}, "training.batch_size"),
        ({"training": {"learning_rate": "fast"}}, "training.learning_rate"),
        ({"training": {"momentum": 0.9}}, "training.momentum"),
        ({"resolutions": "large"}, "resolutions"),
        ({"resolutions": [32, 33]}, "resolutions"),
        ({"resolutions": [32, 32]}, "resolutions"),
        ({"latency_ms": 0}, "latency_ms"),
        ({"effort": {"evaluations": 0}}, "effort.evaluations"),
        ({"effort": {"train_images": "many"}}, "effort.train_images"),
        ({"effort": {"patience": 1}}, "effort.patience"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"simulator": "dreams"}, "simulator"),
        ({"name": "x" * 201}, "name"),
        ({"name": "bell\x07"}, "name"),
        ({"srma": "32KB"}, "srma"),
    ],
)
def test_a_bad_request_names_the_field(
    client: TestClient, changes: dict[str, Any], field: str
) -> None:
    body = {k: v for k, v in {**DEMO, **changes}.items() if v is not None}
    refused = problem(client.post(JOBS, json=body), 422)
    assert refused["field"] == field
    assert refused["allowed"]
    assert client.get(JOBS).json()["items"] == []


@pytest.mark.parametrize("field", ["space", "device"])
def test_files_of_the_service_are_not_read(client: TestClient, tmp_path: Path, field: str) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text("password: swordfish\n")
    refused = problem(client.post(JOBS, json={**DEMO, field: str(file)}), 422)
    assert refused["field"] == field
    assert "by name alone" in refused["detail"]
    assert "swordfish" not in str(refused)
    assert "password" not in str(refused)


@pytest.mark.parametrize("field", ["sram", "flash"])
def test_a_budget_that_nothing_fits_says_what_would(client: TestClient, field: str) -> None:
    refused = problem(client.post(JOBS, json={**DEMO, field: 100}), 422)
    assert refused["type"] == "urn:tinynas:problem:infeasible-budget"
    assert (refused["field"], refused["budget_bytes"]) == (field, 100)
    required = refused["required_bytes"]
    assert refused["allowed"] == f"at least {required} bytes"
    assert problem(client.post(JOBS, json={**DEMO, field: required - 1}), 422)["field"] == field
    assert client.post(JOBS, json={**DEMO, field: required}).status_code == 202


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"dataset": NaN}', b"\xff"])
def test_what_is_not_a_request_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post(JOBS, content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, 400 if body == b"\xff" else 422)


def test_jobs_are_listed_page_by_page(client: TestClient) -> None:
    made = [submit(client, name=f"job {i}")["id"] for i in range(5)]
    seen, cursor, pages = [], None, 0
    while True:
        page = client.get(JOBS, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [job["id"] for job in page.json()["items"]]
        cursor, pages = page.json()["next_cursor"], pages + 1
        if cursor is None:
            break
    assert sorted(seen, reverse=True) == seen
    assert (set(seen), pages) == (set(made), 3)
    assert client.get(JOBS, params={"state": "running"}).json()["items"] == []
    assert problem(client.get(JOBS, params={"limit": 0}), 422)["field"] == "limit"
    assert problem(client.get(JOBS, params={"state": "lost"}), 422)["field"] == "state"


def test_a_key_makes_one_job(client: TestClient) -> None:
    def post(**changes: Any) -> httpx2.Response:
        return client.post(JOBS, json={**DEMO, **changes}, headers={"Idempotency-Key": "k"})

    first, again = post(), post()
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["location"] == first.headers["location"]
    assert problem(post(seed=1), 422)["field"] == "Idempotency-Key"
    assert len(client.get(JOBS).json()["items"]) == 1


def test_cancel_resume_delete(client: TestClient, settings: Settings) -> None:
    place = f"{JOBS}/{submit(client)['id']}"
    assert problem(client.post(f"{place}/resume"), 409)["state"] == "queued"
    assert client.post(f"{place}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{place}/resume").json()["state"] == "queued"
    assert client.post(f"{place}/cancel").status_code == 202
    folder = settings.job_folder(place.rsplit("/", 1)[1])
    folder.mkdir(parents=True)
    assert client.delete(place).status_code == 204
    assert not folder.exists()
    assert problem(client.get(place), 404)
    assert problem(client.delete(place), 404)


def test_a_running_job_is_not_deleted(client: TestClient, store: Store) -> None:
    job_id = submit(client)["id"]
    with store.write() as session:
        take_job(session, "w", seconds=60)
    assert problem(client.delete(f"{JOBS}/{job_id}"), 409)["state"] == "running"
    assert client.post(f"{JOBS}/{job_id}/cancel").json()["state"] == "cancelling"


def test_how_a_job_ended_is_told(client: TestClient, store: Store) -> None:
    good, bad = submit(client)["id"], submit(client)["id"]
    good, bad = sorted((good, bad))
    with store.write() as session:
        take_job(session, "w", seconds=60)
        take_job(session, "v", seconds=60)
        finish_job(session, good, "w", {"accuracy": {"int8": 0.97}})
        fail_job(session, bad, "v", {"step": "build", "message": "no compiler"})
    assert client.get(f"{JOBS}/{good}").json()["result"] == {"accuracy": {"int8": 0.97}}
    assert client.get(f"{JOBS}/{bad}").json()["error"]["step"] == "build"
    assert problem(client.post(f"{JOBS}/{good}/cancel"), 409)["state"] == "succeeded"


@pytest.mark.parametrize("tail", ["", "/events", "/subspaces", "/candidates", "/artifacts"])
def test_an_unknown_job_is_not_found(client: TestClient, tail: str) -> None:
    assert (
        "01ARZ3NDEKTSV4RRFFQ69G5FAV"
        in problem(client.get(f"{JOBS}/01ARZ3NDEKTSV4RRFFQ69G5FAV{tail}"), 404)["detail"]
    )


def test_a_body_that_is_too_long_is_not_read(client: TestClient) -> None:
    assert problem(client.post(JOBS, json={**DEMO, "name": "x" * 100_000}), 413)


def test_jobs_are_filtered_and_searched(client: TestClient, store: Store) -> None:
    first = submit(client, name="50% of_a dog")["id"]
    second = submit(client, name="A cat", device="stm32f746zg")["id"]
    client.post(f"{JOBS}/{second}/cancel")

    def found(**query: Any) -> list[str]:
        return [job["id"] for job in client.get(JOBS, params=query).json()["items"]]

    assert found(q="DOG") == found(q="0% of_") == found(q=first[:24].lower()) == [first]
    assert found(q="%") == [first]
    assert found(q="nothing") == found(dataset="cifar10") == []
    assert found(device="stm32f746zg") == found(state="cancelled") == [second]
    assert set(found(state=["cancelled", "queued"])) == set(found(dataset="digits"))
    assert len(found(state=["cancelled", "queued"])) == 2
