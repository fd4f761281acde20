"""The event stream: everything stored, then what comes, from where the listener was."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi.testclient import TestClient

from api.store import (
    NewEvent,
    Store,
    append_events,
    create_job,
    delete_job,
    finish_job,
    take_job,
)
from api.store.tables import Job


def new_job(store: Store) -> str:
    with store.write() as session:
        return create_job(session, {"dataset": "digits"}, name="job")[0].id


def finish(store: Store, job_id: str) -> None:
    with store.write() as session:
        take_job(session, "w", seconds=60)
        append_events(session, job_id, [NewEvent("log", "search", {"message": "line 1\nline 2"})])
        finish_job(session, job_id, "w", {"done": True})


def listen(client: TestClient, job_id: str, last: int | None = None) -> list[dict[str, Any]]:
    """All events until the stream ends; checks that fields and data say the same."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    answer = client.get(f"/api/v1/jobs/{job_id}/events", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        event = json.loads(fields["data"])
        assert (fields["id"], fields["event"]) == (str(event["sequence"]), event["kind"])
        events.append(event)
    return events


def once_followed(client: TestClient, job_id: str, act: Callable[[], None]) -> threading.Thread:
    """Does `act` a moment after somebody has begun to follow the job."""

    def wait() -> None:
        while client.app.state.watch.newest(job_id) is None:  # type: ignore[attr-defined]
            time.sleep(0.01)
        time.sleep(0.3)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_finished_job_tells_its_whole_story_and_ends(client: TestClient, store: Store) -> None:
    job_id = new_job(store)
    finish(store, job_id)
    events = listen(client, job_id)
    assert [e["sequence"] for e in events] == [1, 2, 3, 4]
    assert [e["kind"] for e in events] == ["state", "state", "log", "state"]
    assert events[2]["data"] == {"message": "line 1\nline 2"}
    assert events[-1]["data"] == {"state": "succeeded"}


def test_a_listener_goes_on_where_it_was(client: TestClient, store: Store) -> None:
    job_id = new_job(store)
    finish(store, job_id)
    assert [e["sequence"] for e in listen(client, job_id, last=2)] == [3, 4]
    nothing = client.get(f"/api/v1/jobs/{job_id}/events", headers={"Last-Event-ID": "4"})
    assert (nothing.status_code, nothing.text) == (204, "")
    for value in ("x", "-1", str(2**64)):
        wrong = client.get(f"/api/v1/jobs/{job_id}/events", headers={"Last-Event-ID": value})
        assert wrong.json()["field"] == "Last-Event-ID"


def test_listeners_hear_of_events_as_they_are_stored(client: TestClient, store: Store) -> None:
    job_id = new_job(store)
    thread = once_followed(client, job_id, partial(finish, store, job_id))
    heard = [listen(client, job_id), listen(client, job_id)]
    thread.join()
    assert [len(events) for events in heard] == [4, 4]


def test_more_events_than_are_read_at_once_all_arrive(client: TestClient, store: Store) -> None:
    job_id = new_job(store)
    with store.write() as session:
        many = [NewEvent("progress", "supernet", {"done": i, "total": 1200}) for i in range(1200)]
        append_events(session, job_id, many)
    finish(store, job_id)
    assert [e["sequence"] for e in listen(client, job_id)] == list(range(1, 1205))


def test_the_stream_of_a_deleted_job_ends(client: TestClient, store: Store) -> None:
    job_id = new_job(store)

    def delete() -> None:
        with store.write() as session:
            delete_job(session, session.get_one(Job, job_id))

    thread = once_followed(client, job_id, delete)
    assert [e["kind"] for e in listen(client, job_id)] == ["state"]
    thread.join()


def test_kinds_that_a_listener_does_not_need_are_left_out(client: TestClient, store: Store) -> None:
    job_id = new_job(store)
    with store.write() as session:
        found = [NewEvent("candidate", "search", {"id": i}) for i in range(1200)]
        append_events(session, job_id, found)
    finish(store, job_id)
    path = f"/api/v1/jobs/{job_id}/events?leave_out=candidate&leave_out=log"
    answer = client.get(path)
    kinds = [line for line in answer.text.splitlines() if line.startswith("event:")]
    assert kinds == ["event: state"] * 3
    assert client.get(path, headers={"Last-Event-ID": "1204"}).status_code == 204
    assert len(listen(client, job_id)) == 1204
