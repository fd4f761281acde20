"""One candidate of stage 2 in full: its blocks, its layers, its buffers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.exceptions import HTTPException

from api.access import Caller
from api.dependencies import JobId, SettingsDep, StoreDep, the_job
from api.problems import documented
from api.schemas import JobOut
from api.store import (
    IllegalTransitionError,
    JobState,
    create_job,
    find_candidate,
    find_promotion,
    subspaces_of,
)
from tinynas.data import dataset_card
from tinynas.report import describe_plan
from tinynas.request import JobRequest
from tinynas.spaces import Architecture, Subspace, load_space

router = APIRouter(prefix="/jobs/{job_id}/candidates", tags=["results"])
Number = Annotated[int, Path(ge=0, lt=2**31, description="The candidate's `id` in the list.")]


@router.get("/{number}", responses=documented(404))
def read(job_id: JobId, number: Number, store: StoreDep, caller: Caller) -> dict[str, Any]:
    """A candidate with its `plan`: blocks, layers, schedule with every buffer, predicted bytes."""
    with store.read() as session:
        job = the_job(session, job_id, caller)
        request, table = JobRequest.from_json(job.request), subspaces_of(session, job_id)
        found = find_candidate(session, job_id, number)
    if found is None or table is None:
        raise HTTPException(404, f"job {job_id} has no candidate {number}")
    candidate = found.data
    chosen = {key: table["chosen"][key] for key in ("width", "resolution")}
    chosen |= {key: candidate[key] for key in ("resolution",) if key in candidate}
    space = load_space(candidate["architecture"]["space"])
    classes, channels = _task(table, request)
    plan = describe_plan(
        Subspace(space, chosen["width"], chosen["resolution"]),
        Architecture.from_json(space, candidate["architecture"]),
        candidate["schedule"]["segments"],
        classes=classes,
        input_channels=channels,
        device=request.target,
        budget=request.budget,
    )
    return {**candidate, "pareto": found.pareto, "subspace": chosen, "plan": plan}


def _task(table: dict[str, Any], request: JobRequest) -> tuple[int, int]:
    """Classes and input channels, as the job has told them with stage 1's table."""
    task = table.get("task")
    if task is None:  # a job of an earlier version
        card = dataset_card(request.dataset)
        return card.classes, card.input_channels
    return task["classes"], task["input_channels"]


@router.post("/{number}/promote", status_code=202, responses=documented(404, 409, 429))
def promote(
    job_id: JobId,
    number: Number,
    store: StoreDep,
    settings: SettingsDep,
    caller: Caller,
    response: Response,
) -> JobOut:
    """Make this candidate a result: a job that fine-tunes, emits and validates it.

    It starts from the finished steps of this one, which has to have ended.  Asked again, it is the
    same job, unless that has failed or was cancelled.
    """
    with store.write() as session:
        parent = the_job(session, job_id, caller)
        if find_candidate(session, job_id, number) is None:
            raise HTTPException(404, f"job {job_id} has no candidate {number}")
        if not JobState(parent.state).final:
            raise IllegalTransitionError(JobState(parent.state), JobState.SUCCEEDED)
        request = replace(
            JobRequest.from_json(parent.request),
            candidate=number,
            name=f"{parent.name[:180]}, candidate {number}",
        )
        job = find_promotion(session, job_id, number)
        if job is None:
            job, _ = create_job(
                session,
                request.to_json(),
                name=request.name or "",
                owner=parent.owner,
                dataset_id=parent.dataset_id,
                parent_id=job_id,
                max_active=settings.max_active_jobs,
            )
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return JobOut.model_validate(job)
