"""A database with workers beside it, for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from api.store import Job, JobState, Store, create_job, find_job
from worker.child import PipelineLoader
from worker.settings import WorkerSettings
from worker.supervisor import Supervisor

REQUEST = {"dataset": "digits", "device": "stm32f411xe", "seed": 7}


class Service:
    """A database with workers beside it."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.store: Store = settings.open_store()

    def submit(self) -> str:
        with self.store.write() as session:
            return create_job(session, REQUEST, name="job")[0].id

    def job(self, job_id: str) -> Job:
        with self.store.read() as session:
            job = find_job(session, job_id)
            assert job is not None
            return job

    def limited(self, **limits: int) -> Service:
        """The same service with workers that have limits."""
        return Service(self.settings.model_copy(update=limits))

    @contextmanager
    def worker(self, load: PipelineLoader) -> Iterator[Supervisor]:
        supervisor = Supervisor(self.settings, load)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        try:
            yield supervisor
        finally:
            supervisor.stop()
            thread.join()

    def wait_for(self, job_id: str, *states: JobState) -> Job:
        until(lambda: self.job(job_id).state in states)
        return self.job(job_id)

    def file(self, job_id: str, name: str) -> Path:
        return self.settings.job_folder(job_id) / name


def until(condition: Callable[[], bool], *, seconds: float = 90) -> None:
    """Wait for a condition; fail where it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
