"""A request that starts from the supernet of another job: whether it may, and what that settles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sqlalchemy.orm import Session

from api.access import Principal
from api.dependencies import visible_job
from api.store import Job, JobState, Store, find_artifact, subspaces_of
from tinynas.errors import InvalidInputError
from tinynas.request import SUPERNET, Effort, JobRequest
from tinynas.spaces import SearchSpace, load_space


@dataclass(frozen=True)
class GivenSupernet:
    """What job `job_id` has trained.

    `space` has no width but the supernet's, `resolutions` (pixels) are those of its networks that
    are searched, `effort` is what that job was asked for.
    """

    job_id: str
    space: SearchSpace
    resolutions: tuple[int, ...]
    effort: Effort


def given_supernet(
    request: JobRequest, dataset_id: str | None, store: Store, caller: Principal
) -> GivenSupernet:
    """The supernet of the job that `request.supernet` names or, where that job has itself started
    from another one's, of that.

    Args:
        dataset_id: the upload that the request's data set is, if it is.

    Raises:
        InvalidInputError: there is none that the caller may use, or it does not go with the rest of
            the request.
    """
    with store.read() as session:
        job, table = _trainer(session, request.supernet or "", caller)
    trained = JobRequest.from_json(job.request)
    space = load_space(table["space"])
    known = _resolutions(trained, table)
    _check_data(request, dataset_id, job, trained)
    if request.space is not None and load_space(request.space).name != space.name:
        _refuse(request, "space", request.space, f"{space.name}, or none", f"is of {space.name}")
    asked = request.resolutions or known
    if not set(asked) <= set(known):
        pixels = ", ".join(map(str, known))
        _refuse(request, "resolutions", list(asked), list(known), f"knows {pixels} pixels")
    only = replace(space, width_multipliers=(table["chosen"]["width"],))
    return GivenSupernet(job.id, only, asked, trained.effort)


def _trainer(session: Session, named: str, caller: Principal) -> tuple[Job, dict[str, Any]]:
    """The job whose supernet is meant, which has left the file of it, and its stage 1's table."""
    job = visible_job(session, named, caller)
    if job is None:
        _refuse_job(named, f"there is no job {named}")
    if job.state != JobState.SUCCEEDED:
        _refuse_job(named, f"job {named} is {job.state}, and no supernet of it is there")
    first = job.request.get("supernet")
    trainer = visible_job(session, first, caller) if first else job
    table = subspaces_of(session, trainer.id) if trainer else None
    if trainer is None or table is None or find_artifact(session, trainer.id, SUPERNET) is None:
        whose = f"job {first}, from which job {named} started," if first else f"job {named}"
        _refuse_job(named, f"{whose} has left no supernet, or its files were deleted")
    return trainer, table


def _resolutions(trained: JobRequest, table: dict[str, Any]) -> tuple[int, ...]:
    """Of the supernet's networks in pixels: those asked for at which some fitted, or the one that
    stage 1 chose."""
    chosen = table["chosen"]
    if trained.resolutions is None:
        return (chosen["resolution"],)
    fitting = {
        row["resolution"]
        for row in table["subspaces"]
        if row["width"] == chosen["width"] and row["fits"] > 0
    }
    return tuple(sorted(fitting & set(trained.resolutions)))


def _check_data(request: JobRequest, dataset_id: str | None, job: Job, trained: JobRequest) -> None:
    """The same images, split alike: otherwise it would be tested on what it was trained on."""
    if (request.dataset, dataset_id) != (job.dataset, job.dataset_id):
        same = request.dataset == job.dataset
        why = f"was trained on {'another one of this name' if same else job.dataset}"
        _refuse(request, "dataset", request.dataset, f"the data set of job {job.id}", why)
    if request.seed != trained.seed:
        why = f"was trained on images that seed {trained.seed} had chosen"
        _refuse(request, "seed", request.seed, trained.seed, why)


def _refuse(request: JobRequest, field: str, given: Any, allowed: Any, why: str) -> NoReturn:
    raise InvalidInputError(
        f"{field} is {given!r}, but the supernet of job {request.supernet} {why}",
        field=field,
        given=given,
        allowed=allowed,
    )


def _refuse_job(named: str, why: str) -> NoReturn:
    raise InvalidInputError(
        why,
        field="supernet",
        given=named,
        allowed="the id of a job that has succeeded and trained a supernet",
    )
