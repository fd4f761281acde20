"""Old files go, of ended jobs and of jobs that are gone; nothing else does."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from worker_service import Service

from api.store import Artifact, Job, JobState, list_artifacts, put_artifacts, utc_now
from worker.retention import ORPHAN_SECONDS, Housekeeper
from worker.settings import WorkerSettings


def ended(service: Service, *, days_ago: float) -> str:
    """A cancelled job with an artifact and a step."""
    job_id = service.submit()
    for name in ("steps/x/y", "artifacts/log.txt"):
        file = service.file(job_id, name)
        file.parent.mkdir(parents=True)
        file.write_text(name)
    path = f"jobs/{job_id}/artifacts/log.txt"
    log = Artifact(
        job_id=job_id, name="log.txt", media_type="text/plain", bytes=1, sha256="0", path=path
    )
    with service.store.write() as session:
        put_artifacts(session, job_id, [log])
        finished = utc_now() - timedelta(days=days_ago)
        values = {"state": JobState.CANCELLED, "finished": finished}
        session.execute(update(Job).where(Job.id == job_id).values(values))
    return job_id


def files(service: Service, job_id: str) -> set[str]:
    folder = service.settings.job_folder(job_id)
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_files_of_ended_jobs_go_when_they_are_old(service: Service) -> None:
    settings = WorkerSettings(home=service.settings.home, retention_days=30, work_days=7)
    young, older, oldest = (ended(service, days_ago=days) for days in (1, 10, 40))
    waiting = service.submit()
    service.file(waiting, "steps").mkdir(parents=True)
    Housekeeper(settings, service.store).sweep(utc_now())
    assert files(service, young) == {"steps/x/y", "artifacts/log.txt"}
    assert files(service, older) == {"artifacts/log.txt"}
    assert not service.settings.job_folder(oldest).exists()
    assert service.file(waiting, "steps").exists()
    with service.store.read() as session:
        assert [len(list_artifacts(session, j)) for j in (young, older, oldest)] == [1, 1, 0]
    assert service.job(oldest).expired is not None
    assert service.job(older).expired is None


def test_nothing_goes_where_nothing_is_said(service: Service) -> None:
    job_id = ended(service, days_ago=4000)
    Housekeeper(service.settings, service.store).sweep(utc_now())
    assert files(service, job_id) == {"steps/x/y", "artifacts/log.txt"}


def test_folders_without_a_row_go_after_a_day(service: Service) -> None:
    job_id = service.submit()
    storage = service.settings.storage
    folders = [storage / "jobs" / job_id, storage / "jobs" / "GONE", storage / "datasets" / "GONE"]
    fresh = storage / "datasets" / "JUSTNOW"
    for folder in (*folders, fresh):
        folder.mkdir(parents=True)
    for folder in folders:
        age(folder)
    Housekeeper(service.settings, service.store).sweep(utc_now())
    assert [folder.exists() for folder in (*folders, fresh)] == [True, False, False, True]


def age(folder: Path) -> None:
    then = folder.stat().st_mtime - 2 * ORPHAN_SECONDS
    os.utime(folder, (then, then))
