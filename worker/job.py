"""One job from its lease to its end, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.exc import OperationalError

from api.store import (
    Artifact,
    Dataset,
    Job,
    LeaseLostError,
    Store,
    fail_job,
    find_artifact,
    find_job,
    finish_job,
    put_artifacts,
)
from tinynas.errors import CancelledError, InvalidInputError, TinynasError
from tinynas.progress import Event, Reporter
from tinynas.request import SUPERNET, JobRequest
from worker.artifacts import collect_artifacts
from worker.joblog import JobLog
from worker.recorder import Recorder
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class Inputs:
    """What a request names and only the service can find: the folder of an uploaded data set, the
    file of another job's supernet."""

    data: Path | None = None
    supernet: Path | None = None


class Pipeline(Protocol):
    """Does the work of a request in a folder; returns the result's JSON, leaves `artifacts/`
    there."""

    def __call__(
        self, request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs, /
    ) -> dict[str, Any]: ...


LOG_TAIL = 4000  # characters of a tool's log that an error carries; the job's log has all of it


class JobRun:
    """A leased job; stores how it ended, or nothing where it was stopped from outside."""

    def __init__(self, settings: WorkerSettings, store: Store, job_id: str, owner: str) -> None:
        self._store, self._job_id, self._owner = store, job_id, owner
        self._settings, self._storage = settings, settings.storage
        self._folder = settings.job_folder(job_id)

    def run(self, pipeline: Pipeline, cancelled: Callable[[], bool]) -> None:
        with self._store.read() as session:
            job = find_job(session, self._job_id)
        if job is None:
            return
        recorder = Recorder(self._store, self._job_id, self._owner)
        log = JobLog(self._folder)

        def listen(event: Event) -> None:
            log(event)
            recorder(event)

        reporter = Reporter("", listen, lambda: recorder.lease_lost or cancelled())
        with contextlib.suppress(CancelledError, LeaseLostError):
            try:
                data = self._data(job)
                self._inherit(job)
                inputs = Inputs(data, self._supernet(job))
                with recorder:
                    request = JobRequest.from_json(job.request)
                    result = pipeline(request, self._folder, reporter, inputs)
                self._succeed(result)
            except (CancelledError, LeaseLostError):
                raise
            except Exception as error:  # whatever it is, the job's owner is told
                log.failed(error)
                if _is_outage(error):
                    raise  # nothing is wrong with the job: whoever takes it next goes on
                self._fail(describe(error, recorder.step))

    def _data(self, job: Job) -> Path | None:
        """Where the job's data set lies, if it was uploaded.

        Raises:
            InvalidInputError: it was deleted meanwhile.
        """
        if job.dataset_id is None:
            return None
        with self._store.read() as session:
            dataset = session.get(Dataset, job.dataset_id)
        if dataset is None:
            raise InvalidInputError(
                f"the data set {job.dataset} was deleted",
                field="dataset",
                given=job.dataset,
                allowed="a data set that is there; upload it again and submit a new job",
            )
        return self._settings.dataset_folder(dataset.id, dataset.name)

    def _inherit(self, job: Job) -> None:
        """Start with the finished steps of the job one of whose candidates this one deploys.

        They are found by their keys like one's own; where there are none, they are made again.
        """
        if job.parent_id is None or job.request.get("candidate") is None:
            return
        theirs, own = self._settings.job_folder(job.parent_id) / "steps", self._folder / "steps"
        if own.is_dir() or not theirs.is_dir():
            return
        partial = own.with_name(".steps.partial")
        shutil.rmtree(partial, ignore_errors=True)
        # Links, for finished steps are never written to.
        shutil.copytree(theirs, partial, copy_function=_link, ignore=shutil.ignore_patterns(".*"))
        partial.rename(own)

    def _supernet(self, job: Job) -> Path | None:
        """The supernet that the job starts from, linked among its own steps: it can be resumed, and
        its candidates can be deployed, whatever becomes of the other job.

        Raises:
            InvalidInputError: it was deleted meanwhile.
        """
        trainer = job.request.get("supernet")
        if trainer is None:
            return None
        own = self._folder / "steps" / SUPERNET
        if own.is_file():
            return own
        with self._store.read() as session:
            artifact = find_artifact(session, trainer, SUPERNET)
        theirs = self._storage / artifact.path if artifact else None
        if theirs is None or not theirs.is_file():
            raise InvalidInputError(
                f"the supernet of job {trainer} was deleted",
                field="supernet",
                given=trainer,
                allowed="a job whose supernet is there; submit a new job with that, or without one",
            )
        own.parent.mkdir(parents=True, exist_ok=True)
        partial = own.with_name(f".{SUPERNET}.partial")
        partial.unlink(missing_ok=True)
        _link(str(theirs), str(partial))
        partial.replace(own)
        return own

    def _succeed(self, result: dict[str, Any]) -> None:
        with self._store.write() as session:
            put_artifacts(session, self._job_id, self._artifacts())
            finish_job(session, self._job_id, self._owner, result)

    def _fail(self, error: dict[str, Any]) -> None:
        with self._store.write() as session:
            put_artifacts(session, self._job_id, self._artifacts())
            fail_job(session, self._job_id, self._owner, error)

    def _artifacts(self) -> list[Artifact]:
        folder = self._folder / "artifacts"
        JobLog(self._folder).publish(folder)
        return collect_artifacts(self._job_id, folder, storage=self._storage)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
    return target


def _is_outage(error: BaseException | None) -> bool:
    """Whether it came of the database's absence, directly or through the study that is in it."""
    while error is not None:
        if isinstance(error, OperationalError):
            return True
        error = error.__cause__ or error.__context__
    return False


def describe(error: Exception, step: str) -> dict[str, Any]:
    """What went wrong at which step, and what is known about it."""
    if isinstance(error, TinynasError):
        details = json.loads(json.dumps(error.details, default=str))
        if "log" in details:
            details["log"] = str(details["log"])[-LOG_TAIL:]
        return {"step": step, "message": error.message, **details}
    message = f"{type(error).__name__}: {error}"
    return {"step": step, "message": message, "remedy": "a defect of tinynas: see the log"}
