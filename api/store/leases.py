"""Leases: one worker holds a job for a while, renews it, and loses it when it dies.

Every statement names the lease's owner in its condition, so a worker that has lost its lease
without noticing (it was stopped, the clock jumped) changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from api.store.jobs import owned_by, transition
from api.store.states import JobState
from api.store.tables import Job, utc_now

MAX_ATTEMPTS = 3
"""A job that has lost this many workers is the likely cause, and fails."""


class LeaseLostError(Exception):
    """Another worker holds the job, or nobody: stop working on it."""


def take_job(
    session: Session, owner: str, *, seconds: float, now: datetime | None = None
) -> Job | None:
    """The job whose turn it is, leased to `owner` (a worker); None where none waits.

    Of those who submit, it is the turn of who has the fewest jobs running, then of who has waited
    longest since one of theirs was started; then the oldest job is taken.
    """
    now = now or utc_now()
    release_expired(session, now=now)
    job_id = _next_waiting(session)
    if job_id is None:
        return None
    taken = transition(
        session,
        job_id,
        JobState.RUNNING,
        lease_owner=owner,
        lease_expires=now + timedelta(seconds=seconds),
        attempts=Job.attempts + 1,
        started=now,
        progress=None,
    )
    return session.get_one(Job, job_id) if taken else None


def _next_waiting(session: Session) -> str | None:
    waiting = select(Job.owner, func.min(Job.id)).where(Job.state == JobState.QUEUED)
    heads = session.execute(waiting.group_by(Job.owner)).all()
    if not heads:
        return None
    leased = [state for state in JobState if state.leased]
    running = select(Job.owner, func.count()).where(Job.state.in_(leased)).group_by(Job.owner)
    busy: dict[str | None, int] = dict(iter(session.execute(running)))
    owners = [owner for owner, _ in heads]
    latest = _last_starts(session, owners) if len(owners) > 1 else {}
    never = datetime.min.replace(tzinfo=UTC)
    turns = sorted(heads, key=lambda h: (busy.get(h[0], 0), latest.get(h[0]) or never, h[1]))
    for owner, _ in turns:
        # `skip_locked` says nothing to SQLite, whose writers take turns.
        oldest = select(Job.id).where(Job.state == JobState.QUEUED, owned_by(owner))
        locked = oldest.order_by(Job.id).limit(1).with_for_update(skip_locked=True)
        job_id = session.scalar(locked)
        if job_id is not None:
            return job_id
    return None


def _last_starts(
    session: Session, owners: Sequence[str | None]
) -> dict[str | None, datetime | None]:
    """When a job of each of these owners was started last."""
    named = [owner for owner in owners if owner is not None]
    starts = select(Job.owner, func.max(Job.started)).where(
        or_(Job.owner.in_(named), Job.owner.is_(None))
    )
    return dict(iter(session.execute(starts.group_by(Job.owner))))


def renew_lease(
    session: Session, job_id: str, owner: str, *, seconds: float, now: datetime | None = None
) -> JobState:
    """Hold the job for `seconds` more; its state, `cancelling` where it should be stopped.

    Raises:
        LeaseLostError: it is not `owner`'s any more.
    """
    state = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.lease_owner == owner)
        .values(lease_expires=(now or utc_now()) + timedelta(seconds=seconds))
        .returning(Job.state)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if state is None:
        raise LeaseLostError(job_id)
    return JobState(state)


def finish_job(session: Session, job_id: str, owner: str, result: dict[str, Any]) -> None:
    """The job has succeeded.

    Raises:
        LeaseLostError: it is not `owner`'s any more, or was cancelled meanwhile.
    """
    _end(session, job_id, owner, JobState.SUCCEEDED, result=result, step=None, progress=None)


def fail_job(session: Session, job_id: str, owner: str, error: dict[str, Any]) -> None:
    """The job has failed; `error` says at which step, why, and what to do.

    Raises:
        LeaseLostError: as for `finish_job`.
    """
    _end(session, job_id, owner, JobState.FAILED, error=error)


def confirm_cancelled(session: Session, job_id: str, owner: str) -> None:
    """The job's work has stopped as it was asked to.

    Raises:
        LeaseLostError: it is not `owner`'s any more.
    """
    _end(session, job_id, owner, JobState.CANCELLED)


def give_back(session: Session, job_id: str, owner: str) -> None:
    """Queue the job again because its worker stops; not counted as an attempt.

    Raises:
        LeaseLostError: it is not `owner`'s any more.
    """
    if not transition(
        session,
        job_id,
        JobState.QUEUED,
        Job.lease_owner == owner,
        lease_owner=None,
        lease_expires=None,
        attempts=Job.attempts - 1,
    ):
        confirm_cancelled(session, job_id, owner)


def lose_worker(session: Session, job: Job, reason: str) -> None:
    """What becomes of a job whose worker is gone: cancelled if that was asked, else tried again."""
    held = Job.lease_owner == job.lease_owner
    freed: dict[str, Any] = {"lease_owner": None, "lease_expires": None}
    ended = freed | {"finished": utc_now()}
    if job.state == JobState.CANCELLING:
        transition(session, job.id, JobState.CANCELLED, held, **ended)
    elif job.attempts < MAX_ATTEMPTS:
        transition(session, job.id, JobState.QUEUED, held, **freed)
    else:
        error = {
            "step": job.step,
            "message": f"{reason}; given up after {job.attempts} attempts",
            "remedy": "look into the log, give the worker more memory, then resume the job",
        }
        transition(session, job.id, JobState.FAILED, held, error=error, **ended)


def release_expired(session: Session, *, now: datetime) -> None:
    """Take their jobs from workers that have not renewed in time."""
    expired = session.scalars(
        select(Job)
        .where(Job.lease_owner.is_not(None), Job.lease_expires < now)
        .with_for_update(skip_locked=True)
    ).all()
    for job in expired:
        lose_worker(session, job, "its worker died")
        session.expire(job)


def _end(session: Session, job_id: str, owner: str, target: JobState, **values: Any) -> None:
    held: ColumnElement[bool] = Job.lease_owner == owner
    if not transition(
        session,
        job_id,
        target,
        held,
        lease_owner=None,
        lease_expires=None,
        finished=utc_now(),
        **values,
    ):
        raise LeaseLostError(job_id)
