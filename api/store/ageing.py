"""Jobs by their age, and whether what a folder is named after is still there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.store.states import JobState
from api.store.tables import Artifact, Dataset, Job

_ENDED = [state for state in JobState if state.final]


def jobs_ended_before(session: Session, time: datetime) -> Sequence[str]:
    """Ids of jobs that have ended before `time` and keep their files."""
    query = select(Job.id).where(Job.state.in_(_ENDED), Job.finished < time, Job.expired.is_(None))
    return session.scalars(query).all()


def expire_jobs(session: Session, time: datetime, now: datetime) -> Sequence[str]:
    """Take the artifacts from jobs that have ended before `time`; their ids."""
    expired = jobs_ended_before(session, time)
    session.execute(delete(Artifact).where(Artifact.job_id.in_(expired)))
    session.execute(
        update(Job)
        .where(Job.id.in_(expired))
        .values(expired=now)
        .execution_options(synchronize_session=False)
    )
    return expired


def job_ids(session: Session, among: Sequence[str]) -> set[str]:
    """Those of the ids that jobs have."""
    return set(session.scalars(select(Job.id).where(Job.id.in_(among))))


def dataset_ids(session: Session, among: Sequence[str]) -> set[str]:
    """Those of the ids that uploads have."""
    return set(session.scalars(select(Dataset.id).where(Dataset.id.in_(among))))
