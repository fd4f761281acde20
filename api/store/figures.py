"""Numbers about the service's work, kept for metrics and estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.orm import Session

from api.store.tables import StepTime, Tally

EVALUATIONS = "evaluations"
BUCKETS = (1.0, 10.0, 60.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Upper bounds, in seconds, of the histogram of a step's durations."""


@dataclass(frozen=True)
class StepFigures:
    """How long a step took, over all jobs; `below` counts those within each of `BUCKETS`."""

    step: str
    count: int
    seconds: float
    below: tuple[int, ...]


def add_step_time(
    session: Session, job_id: str, step: str, seconds: float, *, work: float = 0.0
) -> None:
    session.execute(
        insert(StepTime), [{"job_id": job_id, "step": step, "seconds": seconds, "work": work}]
    )


def step_figures(session: Session) -> Sequence[StepFigures]:
    """By step, in alphabetical order."""
    below = [func.sum(case((StepTime.seconds <= limit, 1), else_=0)) for limit in BUCKETS]
    query = select(StepTime.step, func.count(), func.sum(StepTime.seconds), *below)
    rows = session.execute(query.group_by(StepTime.step).order_by(StepTime.step))
    return [StepFigures(row[0], row[1], row[2], tuple(row[3:])) for row in rows]


def recent_paces(session: Session, step: str, *, limit: int = 20) -> Sequence[tuple[float, float]]:
    """(seconds, work) of the newest times that a step was worked on, newest first."""
    query = select(StepTime.seconds, StepTime.work).where(StepTime.step == step)
    rows = session.execute(query.order_by(StepTime.id.desc()).limit(limit))
    return [(seconds, work) for seconds, work in rows]


def count_up(session: Session, name: str, by: int) -> None:
    """Add to a number that only grows; its row is there from the beginning."""
    session.execute(
        update(Tally)
        .where(Tally.name == name)
        .values(value=Tally.value + by)
        .execution_options(synchronize_session=False)
    )


def counted(session: Session, name: str) -> int:
    return session.scalar(select(Tally.value).where(Tally.name == name)) or 0
