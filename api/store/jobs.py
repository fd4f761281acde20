"""Creating, reading and steering jobs: what a person may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.store.engine import Store
from api.store.events import NewEvent, append_events
from api.store.states import JobState, sources
from api.store.tables import IdempotencyKey, Job, utc_now

KEY_LIFETIME = timedelta(days=1)


class IllegalTransitionError(Exception):
    """A job is in a state from which the wanted one cannot be reached."""

    def __init__(self, state: JobState, wanted: JobState) -> None:
        super().__init__(f"a {state} job cannot become {wanted}")
        self.state = state
        self.wanted = wanted


class KeyReusedError(Exception):
    """An idempotency key came again with another body."""


class TooManyJobsError(Exception):
    """The owner has as many jobs waiting or running as one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} jobs wait or run already, which is all that one owner may have")
        self.limit = limit


@dataclass(frozen=True)
class Idempotency:
    """A client's key for one creation, and a digest of the body that it came with."""

    key: str
    body_sha256: str


def transition(
    session: Session, job_id: str, target: JobState, *where: ColumnElement[bool], **values: Any
) -> bool:
    """Move a job to `target` and say so in its stream; False where no legal way leads there.

    The condition is part of the UPDATE, so of two that race for a job one wins.
    """
    moved = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(sources(target)), *where)
        .values(state=target, updated=utc_now(), **values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if moved is None:
        return False
    append_events(session, job_id, [NewEvent("state", "", {"state": str(target)})])
    return True


def create_job(
    session: Session,
    request: dict[str, Any],
    *,
    name: str,
    owner: str | None = None,
    idempotency: Idempotency | None = None,
    dataset_id: str | None = None,
    parent_id: str | None = None,
    max_active: int | None = None,
) -> tuple[Job, bool]:
    """A queued job, and whether it is new (an idempotency key gives back the first one's job).

    Args:
        dataset_id: the upload that the request's data set is.
        parent_id: the job one of whose candidates this one deploys, or whose supernet it searches.
        max_active: how many jobs of its owner may wait or run, this one among them.

    Raises:
        KeyReusedError: the key was used with another body.
        TooManyJobsError: the owner has `max_active` already.
    """
    if idempotency is not None:
        session.execute(
            delete(IdempotencyKey).where(IdempotencyKey.created < utc_now() - KEY_LIFETIME)
        )
        known = session.get(IdempotencyKey, (owner or "", idempotency.key))
        if known is not None:
            if known.body_sha256 != idempotency.body_sha256:
                raise KeyReusedError(idempotency.key)
            return session.get_one(Job, known.job_id), False
    if max_active is not None and count_active(session, owner) >= max_active:
        raise TooManyJobsError(max_active)
    job = Job(
        name=name,
        owner=owner,
        request=request,
        dataset=request.get("dataset", ""),
        device=request.get("device"),
        dataset_id=dataset_id,
        parent_id=parent_id,
    )
    session.add(job)
    session.flush()
    if idempotency is not None:
        session.add(
            IdempotencyKey(
                owner=owner or "",
                key=idempotency.key,
                body_sha256=idempotency.body_sha256,
                job_id=job.id,
            )
        )
        session.flush()
    append_events(session, job.id, [NewEvent("state", "", {"state": str(JobState.QUEUED)})])
    session.refresh(job)
    return job, True


def submit_job(store: Store, request: dict[str, Any], **options: Any) -> Job:
    """`create_job` in a transaction of its own, also where the same key comes twice at once.

    Raises:
        KeyReusedError, TooManyJobsError: as `create_job`.
    """

    def create() -> Job:
        with store.write() as session:
            return create_job(session, request, **options)[0]

    try:
        return create()
    except IntegrityError:  # the other one was faster: its job is there now
        return create()


def count_active(session: Session, owner: str | None) -> int:
    """How many jobs of an owner wait or run."""
    active = [state for state in JobState if not state.final]
    query = select(func.count()).select_from(Job).where(owned_by(owner), Job.state.in_(active))
    return session.scalar(query) or 0


def owned_by(owner: str | None) -> ColumnElement[bool]:
    return Job.owner.is_(None) if owner is None else Job.owner == owner


def find_job(session: Session, job_id: str) -> Job | None:
    return session.get(Job, job_id)


def state_of(session: Session, job_id: str) -> JobState | None:
    """None where there is no such job."""
    state = session.scalar(select(Job.state).where(Job.id == job_id))
    return None if state is None else JobState(state)


def request_cancel(session: Session, job: Job) -> None:
    """End a job: at once if it waits, as soon as its worker notices if it runs.

    Raises:
        IllegalTransitionError: it has ended already.
    """
    finished = utc_now()
    if not transition(
        session,
        job.id,
        JobState.CANCELLED,
        Job.state == JobState.QUEUED,
        finished=finished,
    ) and not transition(session, job.id, JobState.CANCELLING):
        session.refresh(job)
        if job.state not in (JobState.CANCELLING, JobState.CANCELLED):
            raise IllegalTransitionError(JobState(job.state), JobState.CANCELLED)
    session.refresh(job)


def resume_job(session: Session, job: Job) -> None:
    """Queue a failed or cancelled job again; its finished steps are kept.

    Raises:
        IllegalTransitionError: it has not ended, or has succeeded.
    """
    ended = Job.state.in_([JobState.FAILED, JobState.CANCELLED])
    if not transition(
        session, job.id, JobState.QUEUED, ended, error=None, finished=None, attempts=0
    ):
        session.refresh(job)
        raise IllegalTransitionError(JobState(job.state), JobState.QUEUED)
    session.refresh(job)


def delete_job(session: Session, job: Job) -> None:
    """Forget a job that no worker holds, with all that it produced.

    Raises:
        IllegalTransitionError: a worker holds it.
    """
    gone = session.execute(
        delete(Job)
        .where(Job.id == job.id, Job.lease_owner.is_(None))
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if gone is None:
        session.refresh(job)
        raise IllegalTransitionError(JobState(job.state), JobState.CANCELLED)
    session.expunge(job)


def count_by_state(session: Session) -> dict[JobState, int]:
    rows = session.execute(select(Job.state, func.count()).group_by(Job.state))
    counted = {JobState(state): count for state, count in rows}
    return {state: counted.get(state, 0) for state in JobState}
