"""What jobs said: appended in order, read from any point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from api.store.tables import Job, JobEvent, utc_now


@dataclass(frozen=True)
class NewEvent:
    """An event before it has its place in the order; kinds as in `tinynas.progress` and `state`."""

    kind: str
    step: str
    data: dict[str, Any]
    time: datetime = field(default_factory=utc_now)


def append_events(session: Session, job_id: str, events: Sequence[NewEvent]) -> None:
    """Add events at the end of the job's stream.

    The job's row hands out the numbers, so two writers never use the same one.
    """
    if not events:
        return
    last = session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(last_event=Job.last_event + len(events))
        .returning(Job.last_event)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    first = last - len(events) + 1
    session.execute(
        insert(JobEvent),
        [
            {
                "job_id": job_id,
                "sequence": first + i,
                "kind": event.kind,
                "step": event.step,
                "data": event.data,
                "time": event.time,
            }
            for i, event in enumerate(events)
        ],
    )


def events_after(
    session: Session,
    job_id: str,
    sequence: int,
    *,
    limit: int = 500,
    without: Sequence[str] = (),
) -> Sequence[JobEvent]:
    """Up to `limit` events that follow number `sequence`, in order; none of the kinds `without`."""
    query = (
        select(JobEvent)
        .where(JobEvent.job_id == job_id, JobEvent.sequence > sequence)
        .order_by(JobEvent.sequence)
        .limit(limit)
    )
    if without:
        query = query.where(JobEvent.kind.not_in(without))
    return session.scalars(query).all()


def newest_events(session: Session, job_ids: Iterable[str]) -> dict[str, int]:
    """The number of each job's newest event; jobs that are gone are absent."""
    rows = session.execute(select(Job.id, Job.last_event).where(Job.id.in_(list(job_ids))))
    return dict(iter(rows))
