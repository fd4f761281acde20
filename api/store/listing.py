"""Jobs as they are looked for: filters, search, pages by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from api.store.jobs import owned_by
from api.store.states import JobState
from api.store.tables import Job


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are wanted; what is None (or empty) says nothing.

    everyone: of all owners, otherwise of `owner` alone.
    text: a part of the name, in any case, or the beginning of the id.
    """

    owner: str | None = None
    everyone: bool = True
    states: tuple[JobState, ...] = ()
    dataset: str | None = None
    device: str | None = None
    parent_id: str | None = None
    text: str | None = None


def list_jobs(
    session: Session, wanted: JobFilter | None = None, *, limit: int, before: str | None = None
) -> Sequence[Job]:
    """Newest first; `before` is the id of the last job of the page before."""
    query = _filtered(wanted or JobFilter()).order_by(Job.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Job.id < before)
    return session.scalars(query).all()


def _filtered(wanted: JobFilter) -> Select[Job]:
    query = select(Job)
    if not wanted.everyone:
        query = query.where(owned_by(wanted.owner))
    if wanted.states:
        query = query.where(Job.state.in_(wanted.states))
    for column, value in (
        (Job.dataset, wanted.dataset),
        (Job.device, wanted.device),
        (Job.parent_id, wanted.parent_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.text:
        name = Job.name.icontains(wanted.text, autoescape=True)
        query = query.where(or_(name, Job.id.startswith(wanted.text.upper(), autoescape=True)))
    return query


def find_promotion(session: Session, parent_id: str, candidate: int) -> Job | None:
    """The newest job that deploys this candidate of a job, and has not ended without result."""
    jobs = session.scalars(
        select(Job)
        .where(
            Job.parent_id == parent_id,
            Job.state.not_in([JobState.FAILED, JobState.CANCELLED]),
        )
        .order_by(Job.id.desc())
    )
    return next((job for job in jobs if job.request.get("candidate") == candidate), None)
