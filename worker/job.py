"""One job from its lease to its end, in a process of its own."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from api.store import (
    Artifact,
    LeaseLostError,
    Store,
    fail_job,
    find_job,
    finish_job,
    put_artifacts,
)
from tinynas.errors import CancelledError, TinynasError
from tinynas.progress import Reporter
from tinynas.request import JobRequest
from worker.artifacts import collect_artifacts
from worker.recorder import Recorder
from worker.settings import WorkerSettings

Pipeline: TypeAlias = Callable[[JobRequest, Path, Reporter], dict[str, Any]]
"""Does the work of a request in a folder; returns the result's JSON, leaves `artifacts/` there."""


class JobRun:
    """A leased job; stores how it ended, or nothing where it was stopped from outside."""

    def __init__(self, settings: WorkerSettings, store: Store, job_id: str, owner: str) -> None:
        self._store, self._job_id, self._owner = store, job_id, owner
        self._storage = settings.storage
        self._folder = settings.job_folder(job_id)

    def run(self, pipeline: Pipeline, cancelled: Callable[[], bool]) -> None:
        with self._store.read() as session:
            job = find_job(session, self._job_id)
        if job is None:
            return
        recorder = Recorder(self._store, self._job_id, self._owner)
        reporter = Reporter("", recorder, lambda: recorder.lease_lost or cancelled())
        with contextlib.suppress(CancelledError, LeaseLostError):
            try:
                with recorder:
                    result = pipeline(JobRequest.from_json(job.request), self._folder, reporter)
                self._succeed(result)
            except (CancelledError, LeaseLostError):
                raise
            except Exception as error:  # whatever it is, the job's owner is told
                traceback.print_exception(error)
                self._fail(describe(error, recorder.step))

    def _succeed(self, result: dict[str, Any]) -> None:
        with self._store.write() as session:
            put_artifacts(session, self._job_id, self._artifacts())
            finish_job(session, self._job_id, self._owner, result)

    def _fail(self, error: dict[str, Any]) -> None:
        with self._store.write() as session:
            put_artifacts(session, self._job_id, self._artifacts())
            fail_job(session, self._job_id, self._owner, error)

    def _artifacts(self) -> list[Artifact]:
        return collect_artifacts(self._job_id, self._folder / "artifacts", storage=self._storage)


def describe(error: Exception, step: str) -> dict[str, Any]:
    """What went wrong at which step, and what is known about it."""
    if isinstance(error, TinynasError):
        return {"step": step, "message": error.message, **error.details}
    message = f"{type(error).__name__}: {error}"
    return {"step": step, "message": message, "remedy": "a defect of tinynas: see the log"}
