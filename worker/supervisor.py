"""The worker: leases jobs one after the other, and sees that each ends in a known state."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time

from sqlalchemy.exc import OperationalError

from api.store import (
    Job,
    JobState,
    LeaseLostError,
    Store,
    confirm_cancelled,
    fail_job,
    find_job,
    give_back,
    lose_worker,
    renew_lease,
    take_job,
)
from api.store.logs import JobLogger
from worker.child import Child, PipelineLoader
from worker.retention import Housekeeper
from worker.scratch import sweep_scratch
from worker.settings import WorkerSettings

RESPAWN_SECONDS = 5.0
_MORE_MEMORY = "ask for fewer images or a smaller resolution, or raise TINYNAS_JOB_MEMORY_BYTES"
log = logging.getLogger(__name__)


class Supervisor:
    """One worker; `run` returns after `stop`."""

    def __init__(self, settings: WorkerSettings, load: PipelineLoader) -> None:
        self._settings = settings
        self._load = load
        self._owner = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(6)}"
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End soon; the job at hand goes back to the queue, where its finished steps wait."""
        self._stopping.set()

    def run(self) -> None:
        sweep_scratch()
        store = self._settings.open_store()
        housekeeper = Housekeeper(self._settings, store)
        spare: Child | None = None
        try:
            while not self._stopping.is_set():
                housekeeper.look()
                # Started before there is a job: its imports take longer than a small job's steps.
                spare = spare or Child(self._settings, self._load)
                if not spare.alive:
                    log.error("no job can be worked on: %s", spare.ending)
                    spare.end()
                    spare = None
                    self._stopping.wait(RESPAWN_SECONDS)
                    continue
                job = self._take(store)
                if job is None:
                    self._stopping.wait(self._settings.poll_seconds)
                    continue
                child, spare = spare, None
                self._oversee(store, job, child)
        finally:
            if spare is not None:
                spare.end()
            store.close()

    def _take(self, store: Store) -> Job | None:
        try:
            with store.write() as session:
                return take_job(session, self._owner, seconds=self._settings.lease_seconds)
        except OperationalError as error:
            log.warning("the database does not answer: %s", error)
            return None

    def _oversee(self, store: Store, job: Job, child: Child) -> None:
        """Hold the job's lease while the child works, and settle what the child left open."""
        say = JobLogger(log, {"job": job.id})
        say.info("started")
        too_much = None
        try:
            child.start(job.id, self._owner)
            too_much = self._hold(store, job.id, child)
        finally:
            child.end()
        try:
            self._settle(store, job.id, too_much or child.ending, final=too_much is not None)
        except OperationalError as error:  # the lease will expire, and somebody settle it then
            say.warning("the database does not answer: %s", error)

    def _hold(self, store: Store, job_id: str, child: Child) -> str | None:
        """Renew until the child has ended, or has not although it should; what it took too much
        of, if it did."""
        say = JobLogger(log, {"job": job_id})
        limit = self._settings.job_memory_bytes
        lease_ends = time.monotonic() + self._settings.lease_seconds
        patience_ends = float("inf")
        while not child.wait(self._settings.poll_seconds) and time.monotonic() < patience_ends:
            state: JobState | None = JobState.RUNNING
            try:
                state = self._renew(store, job_id)
                lease_ends = time.monotonic() + self._settings.lease_seconds
            except LeaseLostError:  # the child has just settled the job, or another worker has it
                state = None
            except OperationalError as error:
                say.warning("the database does not answer: %s", error)
            if limit is not None and (taken := child.resident_bytes) > limit:
                return f"it took {taken:,} bytes of memory, {limit:,} are allowed"
            wanted = state is JobState.RUNNING and time.monotonic() < lease_ends
            if patience_ends == float("inf") and (not wanted or self._stopping.is_set()):
                child.ask_to_stop()
                patience_ends = time.monotonic() + self._settings.grace_seconds
        return None

    def _renew(self, store: Store, job_id: str) -> JobState:
        with store.write() as session:
            return renew_lease(session, job_id, self._owner, seconds=self._settings.lease_seconds)

    def _settle(self, store: Store, job_id: str, ending: str, *, final: bool) -> None:
        """Nothing of the job runs any more: say what has become of it, if it did not itself.

        final: trying again would end in the same way.
        """
        say = JobLogger(log, {"job": job_id})
        with store.write() as session:
            job = find_job(session, job_id)
            if job is None or job.lease_owner != self._owner:
                say.info("%s", job.state if job else "deleted")
            elif job.state == JobState.CANCELLING:
                confirm_cancelled(session, job_id, self._owner)
                say.info("cancelled")
            elif final:
                error = {"step": job.step, "message": ending, "remedy": _MORE_MEMORY}
                fail_job(session, job_id, self._owner, error)
                say.warning("%s", ending)
            elif self._stopping.is_set():
                give_back(session, job_id, self._owner)
                say.info("given back")
            else:
                lose_worker(session, job, ending)
                say.warning("%s", ending)
