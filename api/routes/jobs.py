"""Jobs: create, list, read, cancel, resume, delete."""

from __future__ import annotations

import hashlib
import shutil
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.checks import check_job
from api.dependencies import JobId, SettingsDep, StoreDep, the_job
from api.problems import documented
from api.schemas import JobIn, JobOut, Page
from api.store import (
    Idempotency,
    JobState,
    delete_job,
    list_jobs,
    request_cancel,
    resume_job,
    submit_job,
)
from api.store.ids import LENGTH

router = APIRouter(prefix="/jobs", tags=["jobs"])
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A request that comes again with the same key gets the first one's job.",
        min_length=1,
        max_length=200,
    ),
]


@router.post("", status_code=202)
def create(body: JobIn, store: StoreDep, response: Response, idempotency_key: Key = None) -> JobOut:
    """Queue a job.  All that can be known before work starts is checked here."""
    request = check_job(body.to_request())
    idempotency = None
    if idempotency_key is not None:
        digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
        idempotency = Idempotency(idempotency_key, digest)
    name = request.name or f"{request.dataset} on {request.device or 'a budget'}"
    job = submit_job(store, request.to_json(), name=name, idempotency=idempotency)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobOut.model_validate(job)


@router.get("")
def index(
    store: StoreDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z]+$", max_length=LENGTH)] = None,
    state: JobState | None = None,
) -> Page[JobOut]:
    """Jobs, newest first."""
    with store.read() as session:
        jobs = list_jobs(session, limit=limit + 1, before=cursor, state=state)
    items = [JobOut.model_validate(job) for job in jobs[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(jobs) > limit else None)


@router.get("/{job_id}", responses=documented(404))
def read(job_id: JobId, store: StoreDep) -> JobOut:
    """One job."""
    with store.read() as session:
        return JobOut.model_validate(the_job(session, job_id))


@router.post("/{job_id}/cancel", status_code=202, responses=documented(404, 409))
def cancel(job_id: JobId, store: StoreDep) -> JobOut:
    """Stop a job: at once if it waits, within seconds if it runs.  What is finished is kept."""
    with store.write() as session:
        job = the_job(session, job_id)
        request_cancel(session, job)
    return JobOut.model_validate(job)


@router.post("/{job_id}/resume", status_code=202, responses=documented(404, 409))
def resume(job_id: JobId, store: StoreDep) -> JobOut:
    """Queue a failed or cancelled job again; it goes on at the first step that is not finished."""
    with store.write() as session:
        job = the_job(session, job_id)
        resume_job(session, job)
    return JobOut.model_validate(job)


@router.delete("/{job_id}", status_code=204, responses=documented(404, 409))
def delete(job_id: JobId, store: StoreDep, settings: SettingsDep) -> None:
    """Delete a job that is not running, with its files."""
    with store.write() as session:
        delete_job(session, the_job(session, job_id))
    shutil.rmtree(settings.job_folder(job_id), ignore_errors=True)
