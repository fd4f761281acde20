"""The client against the real API: everything it can ask, and what it does when things break."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from api_server import Server
from PIL import Image
from typer.testing import CliRunner

from api.store import (
    Artifact,
    NewEvent,
    add_candidates,
    append_events,
    finish_job,
    note_progress,
    put_artifacts,
    take_job,
)
from tinynas.cli.main import app
from tinynas.client import Client, ProblemError, UnreachableError
from tinynas.client.stream import Message, messages
from tinynas.errors import TinynasError
from tinynas.request import SUPERNET

DEMO = {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}


def finish(server: Server, job_id: str) -> None:
    with server.store.write() as session:
        finish_job(session, job_id, "w", {"accuracy": {"int8": 0.97}})


def test_a_job_from_submission_to_result(server: Server, client: Client) -> None:
    job = client.submit(**DEMO, name="mine", effort=None)
    assert (job.state, job.name, job.final) == ("queued", "mine", False)
    assert client.job(job.id) == job
    with server.store.write() as session:
        take_job(session, "w", seconds=60)
    timer = threading.Timer(0.2, finish, (server, job.id))
    timer.start()
    heard: list[str] = []
    ended = client.wait(job.id, lambda event: heard.append(event.data["state"]))
    timer.join()
    assert heard == ["queued", "running", "succeeded"]
    assert ended.final
    assert ended.result == {"accuracy": {"int8": 0.97}}
    assert ended.finished is not None
    assert ended.finished > ended.created


def test_a_job_starts_from_the_supernet_of_another(server: Server, client: Client) -> None:
    first = client.submit(**DEMO).id
    table = {"space": "tiny", "chosen": {"width": 0.5, "resolution": 16}, "subspaces": []}
    file = Artifact(
        job_id=first, name=SUPERNET, media_type="x/y", bytes=1, sha256="0" * 64, path="nowhere"
    )
    with server.store.write() as session:
        take_job(session, "w", seconds=60)
        note_progress(session, first, "w", subspaces=table)
        put_artifacts(session, first, [file])
    finish(server, first)
    second = client.submit(**DEMO, supernet=first)
    assert (second.parent_id, second.request["supernet"]) == (first, first)
    command = ("submit", "--dataset", "digits", "--device", "stm32l476xg", "--supernet", first)
    told = CliRunner().invoke(app, [*command, "--url", server.url, "--json"])
    assert told.exit_code == 0, told.output
    third = json.loads(told.stdout)
    assert (third["parent_id"], third["request"]["supernet"]) == (first, first)
    assert {job.id for job in client.jobs(parent=first)} == {second.id, third["id"]}


def test_the_same_key_gives_the_same_job(client: Client) -> None:
    first = client.submit(**DEMO, idempotency_key="k")
    assert client.submit(**DEMO, idempotency_key="k").id == first.id
    assert client.submit(**DEMO).id != first.id


def test_jobs_are_steered_and_listed(client: Client) -> None:
    made = [client.submit(**DEMO).id for _ in range(3)]
    assert client.cancel(made[0]).state == "cancelled"
    assert [job.id for job in client.jobs(state="cancelled")] == [made[0]]
    assert client.resume(made[0]).state == "queued"
    client.cancel(made[1])
    client.delete(made[1])
    assert {job.id for job in client.jobs()} == {made[0], made[2]}


def test_lists_are_read_to_their_last_page(server: Server, client: Client) -> None:
    job_id = client.submit(**DEMO).id
    sizes = {"sram_bytes": 1, "flash_bytes": 2, "macs": 3, "recomputed_macs": 0}
    with server.store.write() as session:
        add_candidates(
            session,
            job_id,
            [{"id": i, "accuracy": 0.5, "pareto": i == 7, **sizes} for i in range(450)],
        )
    assert [c["id"] for c in client.candidates(job_id)] == list(range(450))
    assert [c["id"] for c in client.candidates(job_id, pareto=True)] == [7]


def test_what_is_known_is_told(client: Client) -> None:
    assert "STM32F411xE" in {d["name"] for d in client.devices()}
    assert "tiny" in {s["name"] for s in client.search_spaces()}
    assert "digits" in {d.name for d in client.datasets()}


def test_subspaces_come_when_there_are_any(server: Server, client: Client) -> None:
    job_id = client.submit(**DEMO).id
    with pytest.raises(ProblemError, match="stage 1 has not ended"):
        client.subspaces(job_id)
    with server.store.write() as session:
        take_job(session, "w", seconds=60)
        note_progress(session, job_id, "w", subspaces={"rule": "mean"})
    assert client.subspaces(job_id) == {"rule": "mean"}


def test_a_refusal_keeps_its_members(client: Client) -> None:
    with pytest.raises(ProblemError, match="unknown device") as refused:
        client.submit(dataset="digits", device="abacus")
    assert (refused.value.status, refused.value.exit_code) == (422, 2)
    assert refused.value.details["field"] == "device"
    assert refused.value.details["given"] == "abacus"


def test_events_go_on_where_a_broken_connection_left_them(server: Server, client: Client) -> None:
    job_id = client.submit(**DEMO).id
    with server.store.write() as session:
        take_job(session, "w", seconds=60)
    events = client.events(job_id)
    assert [next(events).sequence for _ in range(2)] == [1, 2]
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 3, "the open stream kept the server from ending"
    with server.store.write() as session:
        append_events(session, job_id, [NewEvent("log", "search", {"message": "meanwhile"})])
    finish(server, job_id)
    threading.Timer(0.5, server.start).start()
    rest = [(event.sequence, event.kind) for event in events]
    assert rest == [(3, "log"), (4, "state")]


def test_a_service_that_is_not_there_is_unreachable(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = client.submit(**DEMO).id
    server.stop()
    monkeypatch.setattr("tinynas.client.client.RETRY_SECONDS", (0.01, 0.01))
    with pytest.raises(UnreachableError, match=server.url):
        client.job(job_id)
    with pytest.raises(UnreachableError, match=server.url):
        list(client.events(job_id))


@pytest.fixture
def finished_file(server: Server, client: Client) -> str:
    """A job with a file; its id."""
    job_id = client.submit(**DEMO).id
    folder = server.settings.job_folder(job_id) / "artifacts"
    folder.mkdir(parents=True)
    content = b"bundle" * 100_000
    (folder / "bundle.zip").write_bytes(content)
    artifact = Artifact(
        job_id=job_id,
        name="bundle.zip",
        media_type="application/zip",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        path=f"jobs/{job_id}/artifacts/bundle.zip",
    )
    with server.store.write() as session:
        put_artifacts(session, job_id, [artifact])
    return job_id


def test_a_file_is_downloaded_whole(client: Client, finished_file: str, tmp_path: Path) -> None:
    (listed,) = client.artifacts(finished_file)
    saved = client.download(finished_file, "bundle.zip", tmp_path)
    assert saved == tmp_path / "bundle.zip"
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == listed.sha256
    other = client.download(finished_file, "bundle.zip", tmp_path / "other.zip")
    assert other.read_bytes() == saved.read_bytes()
    with pytest.raises(ProblemError, match="no artifact model"):
        client.download(finished_file, "model.pt", tmp_path)


def test_a_damaged_file_is_not_saved(
    server: Server, client: Client, finished_file: str, tmp_path: Path
) -> None:
    damaged = server.settings.job_folder(finished_file) / "artifacts" / "bundle.zip"
    damaged.write_bytes(b"bundlE" * 100_000)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(TinynasError, match="its sha256 differs"):
        client.download(finished_file, "bundle.zip", target)
    assert list(target.iterdir()) == []


def test_streams_are_read_as_the_standard_says() -> None:
    lines = [
        ": a comment",
        "event: log",
        "data: first",
        "data:second",
        "id: 7",
        "",
        "data: alone",
        "",
        "id: 9",
        "",
        "data: cut off",
    ]
    assert list(messages(lines)) == [
        Message("log", "first\nsecond", "7"),
        Message("message", "alone", ""),
    ]


def test_a_folder_is_uploaded_and_searched_in(client: Client, tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for i in range(6):
            pixels = np.full((9, 9, 3), 20 * i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / label / f"{i}.png")
    made = client.upload(tmp_path / "pets", name="pets")
    assert (made.kind, made.classes, made.images) == ("uploaded", 2, 12)
    assert made.class_images == {"cat": 6, "dog": 6}
    job = client.submit(dataset="pets", device="stm32f746zg")
    assert job.dataset_id == made.id
    assert [j.id for j in client.jobs(dataset="pets", state=["queued", "failed"])] == [job.id]
    assert client.preview(dataset="pets", device="stm32f746zg")["chosen"]["fits"] > 0
    client.cancel(job.id)
    client.delete_dataset("pets")
    with pytest.raises(ProblemError) as refused:
        client.upload(tmp_path / "pets" / "cat", name="cats")
    assert (refused.value.status, refused.value.details["field"]) == (422, "archive")
    with pytest.raises(TinynasError, match="does not exist"):
        client.upload(tmp_path / "nothing", name="nothing")
