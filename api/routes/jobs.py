"""Jobs: create, list, read, cancel, resume, delete."""

from __future__ import annotations

import hashlib
import shutil
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from api.access import Caller
from api.checks import check_job
from api.dependencies import JobId, SettingsDep, StoreDep, the_job
from api.problems import documented
from api.requests import JobIn
from api.schemas import JobOut, Page
from api.store import (
    Idempotency,
    JobFilter,
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
def create(
    body: JobIn,
    store: StoreDep,
    settings: SettingsDep,
    caller: Caller,
    response: Response,
    idempotency_key: Key = None,
) -> JobOut:
    """Queue a job.  All that can be known before work starts is checked here."""
    checked = check_job(body.to_request(), store, caller)
    request = checked.request
    job = submit_job(
        store,
        request.to_json(),
        name=request.name or f"{request.dataset} on {request.device or 'a budget'}",
        owner=caller.owner,
        idempotency=idempotency_of(idempotency_key, body),
        dataset_id=checked.dataset_id,
        parent_id=request.supernet,
        max_active=settings.max_active_jobs,
    )
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobOut.model_validate(job)


def idempotency_of(key: str | None, body: BaseModel) -> Idempotency | None:
    if key is None:
        return None
    return Idempotency(key, hashlib.sha256(body.model_dump_json().encode()).hexdigest())


@router.get("")
def index(
    store: StoreDep,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        str | None,
        Query(pattern=r"^[0-9A-Za-z]+$", max_length=LENGTH, description="`next_cursor` of a page."),
    ] = None,
    state: Annotated[list[JobState] | None, Query(description="Any of these.")] = None,
    dataset: Annotated[str | None, Query(max_length=200)] = None,
    device: Annotated[str | None, Query(max_length=200)] = None,
    parent: Annotated[
        str | None,
        Query(
            max_length=LENGTH, description="Deploy a candidate of this job, or search its supernet."
        ),
    ] = None,
    q: Annotated[
        str | None,
        Query(max_length=200, description="A part of the name, or the beginning of the id."),
    ] = None,
) -> Page[JobOut]:
    """Jobs, newest first."""
    wanted = JobFilter(
        owner=caller.owner,
        everyone=caller.everything,
        states=tuple(state or ()),
        dataset=dataset,
        device=device,
        parent_id=parent,
        text=q,
    )
    with store.read() as session:
        jobs = list_jobs(session, wanted, limit=limit + 1, before=cursor)
    items = [JobOut.model_validate(job) for job in jobs[:limit]]
    return Page(items=items, next_cursor=items[-1].id if len(jobs) > limit else None)


@router.get("/{job_id}", responses=documented(404))
def read(job_id: JobId, store: StoreDep, caller: Caller) -> JobOut:
    """One job."""
    with store.read() as session:
        return JobOut.model_validate(the_job(session, job_id, caller))


@router.post("/{job_id}/cancel", status_code=202, responses=documented(404, 409))
def cancel(job_id: JobId, store: StoreDep, caller: Caller) -> JobOut:
    """Stop a job: at once if it waits, within seconds if it runs.  What is finished is kept."""
    with store.write() as session:
        job = the_job(session, job_id, caller)
        request_cancel(session, job)
    return JobOut.model_validate(job)


@router.post("/{job_id}/resume", status_code=202, responses=documented(404, 409))
def resume(job_id: JobId, store: StoreDep, caller: Caller) -> JobOut:
    """Queue a failed or cancelled job again; it goes on at the first step that is not finished."""
    with store.write() as session:
        job = the_job(session, job_id, caller)
        resume_job(session, job)
    return JobOut.model_validate(job)


@router.delete("/{job_id}", status_code=204, responses=documented(404, 409))
def delete(job_id: JobId, store: StoreDep, settings: SettingsDep, caller: Caller) -> None:
    """Delete a job that is not running, with its files."""
    with store.write() as session:
        delete_job(session, the_job(session, job_id, caller))
    shutil.rmtree(settings.job_folder(job_id), ignore_errors=True)
