"""What a job says, into the database: in batches, in order, and nothing lost to a short outage."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.store import (
    EVALUATIONS,
    LeaseLostError,
    NewEvent,
    Store,
    add_candidates,
    add_step_time,
    append_events,
    count_up,
    drop_candidates,
    mark_dominated,
    note_progress,
)
from tinynas.progress import Event
from worker.front import ParetoFront

FLUSH_SECONDS = 0.25
PATIENCE_SECONDS = 60.0
# Progress is kept where it moves a bar by half a percent, or where a person waits for a sign of
# life; a day of training then leaves thousands of rows, not a million.
PROGRESS_SHARE = 0.005
PROGRESS_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass
class _Batch:
    """What is to be stored together; storing it twice is the same as storing it once."""

    events: list[NewEvent] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    beaten: list[int] = field(default_factory=list)
    new_search: bool = False
    step_times: list[tuple[str, float, float]] = field(default_factory=list)

    def store(self, session: Session, job_id: str, owner: str) -> None:
        """Raises: LeaseLostError: the job is not `owner`'s any more; nothing is stored."""
        note_progress(session, job_id, owner, **self.columns)
        append_events(session, job_id, self.events)
        if self.new_search:
            drop_candidates(session, job_id)
        add_candidates(session, job_id, self.candidates)
        mark_dominated(session, job_id, self.beaten)
        count_up(session, EVALUATIONS, len(self.candidates))
        for step, seconds, work in self.step_times:
            add_step_time(session, job_id, step, seconds, work=work)


class Recorder:
    """A listener that stores; a context manager that ends when the last event is stored.

    Storing happens in a thread; what goes wrong there is raised where the next event is told.
    """

    def __init__(self, store: Store, job_id: str, owner: str) -> None:
        self._store, self._job_id, self._owner = store, job_id, owner
        self._lock = threading.Lock()
        self._batch = _Batch()
        self._front = ParetoFront()
        self._best: dict[str, Any] | None = None
        self._macs = 0.0  # of a network of the chosen subspace
        self._pieces: tuple[str, int] = ("", 0)  # step, and how many images or networks it takes
        self._shown = ("", 0.0, 0.0)  # step, share and time of the last progress that was kept
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._failure: Exception | None = None
        self.step = ""
        self.lease_lost = False

    def __call__(self, event: Event) -> None:
        if self._failure is not None:
            raise self._failure
        with self._lock:
            self.step = event.step or self.step
            if event.kind == "progress":
                self._pieces = (event.step, event.data["total"])
            if event.kind == "progress" and not self._worth_keeping(event):
                return
            self._batch.events.append(NewEvent(event.kind, event.step, event.data))
            match event.kind:
                case "step_started":
                    self._batch.columns |= {"step": event.step, "progress": None}
                case "progress":
                    self._batch.columns |= {"step": event.step, "progress": event.data}
                case "subspaces":
                    self._batch.columns["subspaces"] = event.data
                    self._macs = event.data["chosen"].get("mean_macs", 0.0)
                case "candidate":
                    self._take(event.data)
                case "step_finished" if not event.data["reused"]:
                    step, pieces = self._pieces
                    work = self._macs * pieces if step == event.step else 0.0
                    self._batch.step_times.append((event.step, event.data["seconds"], work))
                    # Who loses a worker a day, but gets on, is not the cause of the losses.
                    self._batch.columns["attempts"] = 1

    def _worth_keeping(self, event: Event) -> bool:
        step, share, shown = self._shown
        done, total = event.data["done"], max(1, event.data["total"])
        now = time.monotonic()
        small = abs(done / total - share) < PROGRESS_SHARE and now - shown < PROGRESS_SECONDS
        if step == event.step and small and done < total:
            return False
        self._shown = (event.step, done / total, now)
        return True

    def _take(self, candidate: dict[str, Any]) -> None:
        if candidate["id"] == 0:  # a search that begins (again) replaces what an earlier one found
            self._front, self._best = ParetoFront(), None
            self._batch.candidates, self._batch.beaten = [], []
            self._batch.new_search = True
        on_front, beaten = self._front.add(candidate)
        self._batch.candidates.append({**candidate, "pareto": on_front})
        self._batch.beaten += beaten
        if self._best is None or candidate["accuracy"] > self._best["accuracy"]:
            self._best = candidate
        self._batch.columns["best"] = self._best

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if error is None and self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._ended.wait(FLUSH_SECONDS) and not self.lease_lost:
                self._flush()
            self._flush()
        except Exception as error:  # raised again in the job's own thread
            self._failure = error

    def _flush(self) -> None:
        """Store what waits; with patience where the database does not answer."""
        with self._lock:
            batch, self._batch = self._batch, _Batch()
        if not batch.events:
            return
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.lease_lost:
            try:
                with self._store.write() as session:
                    batch.store(session, self._job_id, self._owner)
                return
            except LeaseLostError:
                self.lease_lost = True
            except OperationalError as error:
                log.warning("events of job %s wait for the database: %s", self._job_id, error)
                self.lease_lost = time.monotonic() > deadline
                time.sleep(1)
