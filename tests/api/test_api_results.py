"""What a job produced, read back: table, candidates, files in whole and in part."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.settings import Settings
from api.store import (
    Artifact,
    Store,
    StoredCandidate,
    add_candidates,
    create_job,
    mark_dominated,
    note_progress,
    put_artifacts,
    take_job,
)

CONTENT = b"PK" + bytes(range(256)) * 40


@pytest.fixture
def job(store: Store, settings: Settings) -> str:
    """A job that a worker has brought some way; the URL of its results."""
    with store.write() as session:
        job_id = create_job(session, {"dataset": "digits"}, name="job")[0].id
        take_job(session, "w", seconds=60)
        sizes = {"sram_bytes": 1, "flash_bytes": 2, "macs": 3, "recomputed_macs": 0}
        add_candidates(
            session,
            job_id,
            [{"id": i, "accuracy": i / 4, "pareto": True, **sizes} for i in range(5)],
        )
        mark_dominated(session, job_id, [0, 1])
        put_artifacts(session, job_id, [artifact(settings.storage, job_id, "bundle.zip")])
    return f"/api/v1/jobs/{job_id}"


def artifact(storage: Path, job_id: str, name: str) -> Artifact:
    file = storage / "jobs" / job_id / "artifacts" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(CONTENT)
    return Artifact(
        job_id=job_id,
        name=name,
        media_type="application/zip" if name.endswith("zip") else "text/html; charset=utf-8",
        bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        path=file.relative_to(storage).as_posix(),
    )


def test_subspaces_are_there_once_stage_1_has_ended(
    client: TestClient, store: Store, job: str
) -> None:
    assert "stage 1 has not ended" in client.get(f"{job}/subspaces").json()["detail"]
    with store.write() as session:
        note_progress(session, job.rsplit("/", 1)[1], "w", subspaces={"rule": "mean"})
    assert client.get(f"{job}/subspaces").json() == {"rule": "mean"}


def test_candidates_come_in_pages_with_their_place_on_the_front(
    client: TestClient, job: str
) -> None:
    first = client.get(f"{job}/candidates", params={"limit": 3}).json()
    rest = client.get(f"{job}/candidates", params={"cursor": first["next_cursor"]}).json()
    flags = {c["id"]: c["pareto"] for c in first["items"] + rest["items"]}
    assert flags == {0: False, 1: False, 2: True, 3: True, 4: True}
    assert rest["next_cursor"] is None
    far = client.get(f"{job}/candidates", params={"cursor": 2**64})
    assert (far.status_code, far.json()["field"]) == (422, "cursor")
    front = client.get(f"{job}/candidates", params={"pareto": True}).json()["items"]
    assert [c["id"] for c in front] == [2, 3, 4]


def test_a_candidate_that_an_earlier_version_stored_is_on_the_front_as_the_column_says() -> None:
    for text in ('{"id": 0, "pareto": true}', '{"id": 0}'):
        assert StoredCandidate(0, 0.5, False, text).json == '{"id": 0, "pareto": false}'


def test_a_file_comes_whole_named_and_with_its_digest(client: TestClient, job: str) -> None:
    (listed,) = client.get(f"{job}/artifacts").json()["items"]
    answer = client.get(f"{job}/artifacts/bundle.zip")
    assert answer.content == CONTENT
    assert hashlib.sha256(answer.content).hexdigest() == listed["sha256"]
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="bundle.zip"'
    assert answer.headers["etag"] == f'"{listed["sha256"]}"'


def test_a_known_file_is_not_sent_again(client: TestClient, job: str) -> None:
    place = f"{job}/artifacts/bundle.zip"
    tag = client.get(place).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = client.get(place, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert client.get(place, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_download_goes_on_where_it_stopped(client: TestClient, job: str) -> None:
    place = f"{job}/artifacts/bundle.zip"
    tag = client.get(place).headers["etag"]
    part = client.get(place, headers={"Range": "bytes=100-", "If-Range": tag})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert part.content == CONTENT[100:]
    changed = client.get(place, headers={"Range": "bytes=100-", "If-Range": '"old"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)


def test_a_range_beyond_the_end_is_a_problem(client: TestClient, job: str) -> None:
    answer = client.get(f"{job}/artifacts/bundle.zip", headers={"Range": "bytes=99999-"})
    assert answer.status_code == 416
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_report_opens_in_the_browser_without_power(
    client: TestClient, store: Store, settings: Settings, job: str
) -> None:
    job_id = job.rsplit("/", 1)[1]
    with store.write() as session:
        put_artifacts(session, job_id, [artifact(settings.storage, job_id, "report.html")])
    answer = client.get(f"{job}/artifacts/report.html")
    assert answer.headers["content-disposition"] == 'inline; filename="report.html"'
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert client.get(f"{job}/artifacts/bundle.zip").status_code == 404


@pytest.mark.parametrize("name", ["none.zip", "..%2f..%2ftinynas.db", "%2e%2e", ".hidden"])
def test_no_other_file_is_reached(client: TestClient, job: str, name: str) -> None:
    assert client.get(f"{job}/artifacts/{name}").status_code in (404, 422)


def test_a_file_that_is_gone_is_not_found(client: TestClient, settings: Settings, job: str) -> None:
    for file in settings.storage.rglob("bundle.zip"):
        file.unlink()
    assert client.get(f"{job}/artifacts/bundle.zip").status_code == 404
