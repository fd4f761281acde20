"""The real API over a store that tests fill as a worker would."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dashboard_examples as examples
import uvicorn

from api.app import create_app
from api.settings import Settings
from api.store import (
    NewEvent,
    add_candidates,
    append_events,
    create_job,
    fail_job,
    find_job,
    finish_job,
    note_progress,
    put_artifacts,
    request_cancel,
    take_job,
)
from api.store.tables import Base
from tinynas.progress import STEPS
from tinynas.report import ReportData, build_report
from tinynas.request import SUPERNET
from worker.artifacts import collect_artifacts

OWNER = "test-worker"


class Service:
    """An API process' worth of server in a thread, and a worker's hand on its store."""

    def __init__(self, home: Path, **settings: Any) -> None:
        limits = {"requests_per_minute": 0, "previews_per_minute": 0}
        self.settings = Settings(home=home, event_poll_seconds=0.05, **(limits | settings))
        self.store = self.settings.open_store()
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; on the same port as before where it was stopped."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            create_app(self.settings),
            log_level="critical",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)

    def close(self) -> None:
        self.stop()
        self.store.close()

    def clear(self) -> None:
        """Forget all jobs and uploads; a server that was stopped is started."""
        if not self._thread.is_alive():
            self.start()
        with self.store.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())

    def queued(self, name: str = "digits on stm32f411xe", **request: Any) -> str:
        with self.store.write() as session:
            job, _ = create_job(session, examples.request(**request), name=name)
            return job.id

    def running(self, name: str = "digits on stm32f411xe", **request: Any) -> str:
        """A job that this worker holds; nothing else may be waiting."""
        job_id = self.queued(name, **request)
        self.take(job_id)
        return job_id

    def take(self, job_id: str) -> None:
        """Hold the one job that waits."""
        with self.store.write() as session:
            job = take_job(session, OWNER, seconds=3600)
            assert job is not None
            assert job.id == job_id

    def say(self, job_id: str, *events: tuple[str, str, dict[str, Any]]) -> None:
        """Events (kind, step, data), with what the worker's recorder keeps in other columns."""
        columns: dict[str, Any] = {}
        found = []
        for kind, step, data in events:
            if kind == "step_started":
                columns |= {"step": step, "progress": None}
            elif kind == "progress":
                columns |= {"step": step, "progress": data}
            elif kind == "subspaces":
                columns["subspaces"] = data
            elif kind == "candidate":
                found.append(data)
                columns["best"] = max(
                    (data, columns.get("best") or data), key=lambda c: c["accuracy"]
                )
        start = datetime.now(UTC) - timedelta(milliseconds=len(events))
        stored = [
            NewEvent(kind, step, data, start + timedelta(milliseconds=i))
            for i, (kind, step, data) in enumerate(events)
        ]
        with self.store.write() as session:
            note_progress(session, job_id, OWNER, **columns)
            append_events(session, job_id, stored)
            add_candidates(session, job_id, found)

    def walk(self, job_id: str, until: str, *, candidates: int = 60) -> None:
        """Say all that a job says before the step `until`, and that this one has started."""
        for step in STEPS:
            self.say(job_id, ("step_started", step, {}))
            if step == until:
                return
            self.say(job_id, *_told(step, candidates))
            self.say(job_id, ("step_finished", step, {"seconds": 1.25, "reused": False}))

    def finished(
        self,
        name: str = "digits on stm32f411xe",
        *,
        candidates: int = 60,
        report: ReportData | None = None,
    ) -> str:
        job_id = self.running(name)
        self.walk(job_id, "", candidates=candidates)
        artifacts = self.settings.job_folder(job_id) / "artifacts"
        build_report(report or examples.report(), artifacts)
        (artifacts / "bundle.zip").write_bytes(bytes(range(256)) * 200)
        (artifacts / "model.tflite").write_bytes(b"TFL3" * 5000)
        (artifacts / SUPERNET).write_bytes(b"weights" * 5000)
        (artifacts / "simulator.txt").write_text("the simulator started\n")
        with self.store.write() as session:
            put_artifacts(
                session,
                job_id,
                collect_artifacts(job_id, artifacts, storage=self.settings.storage),
            )
            finish_job(session, job_id, OWNER, examples.result())
        return job_id

    def failed(self, step: str, **error: Any) -> str:
        job_id = self.running(f"fails at {step}")
        self.walk(job_id, step)
        message = {"message": f"the {step} went wrong", "remedy": "do it better", **error}
        with self.store.write() as session:
            fail_job(session, job_id, OWNER, {"step": step, **message})
        return job_id

    def cancelled(self) -> str:
        job_id = self.queued("was cancelled")
        with self.store.write() as session:
            job = find_job(session, job_id)
            assert job is not None
            request_cancel(session, job)
        return job_id


class Showcase:
    """A job in every state, by its id."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.finished = service.finished()
        self.failed = service.failed("simulate", log="fault\n" * 40)
        self.cancelled = service.cancelled()
        self.running = service.running("runs")
        service.walk(self.running, "search")
        found = [("candidate", "search", c) for c in examples.candidates(40)]
        service.say(self.running, *found)
        service.say(
            self.running,
            ("progress", "search", {"done": 16, "total": 64, "unit": "evaluations"}),
        )
        self.queued = service.queued("waits")


def _told(step: str, candidates: int) -> list[tuple[str, str, dict[str, Any]]]:
    match step:
        case "subspace":
            return [("subspaces", step, examples.subspaces())]
        case "supernet":
            told = [("metric", step, metric) for metric in examples.training()]
            return [*told, ("log", step, {"message": "supernet trained"})]
        case "search":
            found = [("candidate", step, c) for c in examples.candidates(candidates)]
            return [*found, ("refusals", step, dict(examples.refusals()))]
        case _:
            return []
