"""Files that nobody needs any more: of jobs that ended long ago, and of jobs that are gone."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from api.store import Store, dataset_ids, expire_jobs, job_ids, jobs_ended_before, utc_now
from api.store.logs import JobLogger
from worker.settings import WorkerSettings

EVERY_SECONDS = 3600.0
ORPHAN_SECONDS = 24 * 3600.0
"""A folder whose row is not there may be of an upload that is just being stored."""
_WORK = ("steps", "partial")
log = logging.getLogger(__name__)


class Housekeeper:
    """Looks once an hour; several of them do no harm to each other."""

    def __init__(self, settings: WorkerSettings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._next = time.monotonic()

    def look(self) -> None:
        """Do what is due, if an hour has passed."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_SECONDS
        try:
            self.sweep(utc_now())
        except OperationalError as error:
            log.warning("the database does not answer: %s", error)

    def sweep(self, now: datetime) -> None:
        """Delete what is too old; the database is told first, so no row names a missing file."""
        settings = self._settings
        if settings.retention_days is not None:
            with self._store.write() as session:
                expired = expire_jobs(session, now - timedelta(days=settings.retention_days), now)
            for job_id in expired:
                shutil.rmtree(settings.job_folder(job_id), ignore_errors=True)
                JobLogger(log, {"job": job_id}).info("its files were deleted for their age")
        if settings.work_days is not None:
            with self._store.read() as session:
                ended = jobs_ended_before(session, now - timedelta(days=settings.work_days))
            for job_id in ended:
                for name in _WORK:
                    shutil.rmtree(settings.job_folder(job_id) / name, ignore_errors=True)
        self._sweep_orphans()

    def _sweep_orphans(self) -> None:
        storage = self._settings.storage
        for folder in _old(storage / "jobs"):
            with self._store.read() as session:
                if not job_ids(session, [folder.name]):
                    shutil.rmtree(folder, ignore_errors=True)
        for folder in _old(storage / "datasets"):
            with self._store.read() as session:
                if not dataset_ids(session, [folder.name]):
                    shutil.rmtree(folder, ignore_errors=True)


def _old(place: Path) -> Iterator[Path]:
    latest = time.time() - ORPHAN_SECONDS
    for folder in list(place.iterdir()) if place.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < latest:
            yield folder
