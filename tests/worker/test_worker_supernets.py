"""A job that starts from the supernet of another one finds it, and keeps it."""

from __future__ import annotations

import shutil
from typing import Any

import small_pipelines as pipelines
from worker_service import REQUEST, Service

from api.store import JobState, create_job, put_artifacts, request_cancel
from api.store.tables import Job
from tinynas.request import SUPERNET
from worker.artifacts import collect_artifacts


def trained(service: Service) -> str:
    """The id of a job that has left a supernet, and a step."""
    job_id = service.submit()
    file = service.file(job_id, f"artifacts/{SUPERNET}")
    file.parent.mkdir(parents=True)
    file.write_text("weights")
    service.file(job_id, "steps/supernet-1").mkdir(parents=True)
    with service.store.write() as session:
        request_cancel(session, session.get_one(Job, job_id))
        found = collect_artifacts(job_id, file.parent, storage=service.settings.storage)
        put_artifacts(session, job_id, found)
    return job_id


def start_from(service: Service, supernet: str, parent: str, **changes: Any) -> str:
    with service.store.write() as session:
        request = REQUEST | {"supernet": supernet} | changes
        return create_job(session, request, name="job", parent_id=parent)[0].id


def test_a_job_starts_from_the_supernet_of_another_and_keeps_it(service: Service) -> None:
    first = trained(service)
    second = start_from(service, first, first)
    with service.worker(pipelines.load_reading):
        job = service.wait_for(second, JobState.SUCCEEDED)
        assert job.result == {"supernet": first, "content": "weights"}
        assert not service.file(second, "steps/supernet-1").exists()  # it is of another request
        shutil.rmtree(service.settings.job_folder(first))
        deployed = start_from(service, first, second, candidate=3)
        job = service.wait_for(deployed, JobState.SUCCEEDED)
    assert job.result == {"supernet": first, "content": "weights"}


def test_a_job_whose_supernet_was_deleted_says_so(service: Service) -> None:
    first = trained(service)
    second = start_from(service, first, first)
    shutil.rmtree(service.settings.job_folder(first))
    with service.worker(pipelines.load_reading):
        job = service.wait_for(second, JobState.FAILED)
    assert job.error is not None
    assert job.error["message"] == f"the supernet of job {first} was deleted"
    assert (job.error["field"], job.error["given"]) == ("supernet", first)
