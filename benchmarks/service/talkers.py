"""Jobs that say something all the time, as their workers would: from a process of their own."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from types import TracebackType

from api.store import NewEvent, StoreSettings, append_events, newest_events, note_progress

EVERY_SECONDS = 1.0
EVENTS = 2
"""In a batch: a worker's recorder stores what happened within a quarter of a second at once."""
END_SECONDS = 60.0


class Talkers:
    """A context manager; `finish` ends the talking and tells each job's last event's number."""

    def __init__(self, settings: StoreSettings, jobs: list[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_talk, args=(settings, jobs, theirs), daemon=True)

    def __enter__(self) -> Talkers:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()

    def finish(self) -> dict[str, int]:
        self._connection.send("enough")
        if not self._connection.poll(END_SECONDS):
            raise TimeoutError("talkers do not end")
        told: dict[str, int] = self._connection.recv()
        return told


def _talk(settings: StoreSettings, jobs: list[str], connection: Connection) -> None:
    store = settings.open_store()
    done = 0
    while not connection.poll(0):
        started = time.monotonic()
        for job in jobs:
            events = []
            for _ in range(EVENTS):
                done += 1
                data = {"done": done, "total": 1_000_000, "unit": "images"}
                events.append(NewEvent("progress", "supernet", data))
            with store.write() as session:
                note_progress(session, job, "nobody", progress=events[-1].data)
                append_events(session, job, events)
        time.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - started)))
    with store.read() as session:
        connection.send(newest_events(session, jobs))
    store.close()
