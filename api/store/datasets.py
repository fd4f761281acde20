"""Uploaded data sets: each belongs to an owner, who calls it by a name of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from api.store.states import JobState
from api.store.tables import Dataset, Job


class NameTakenError(Exception):
    """The owner has another data set of this name."""


class DatasetInUseError(Exception):
    """Jobs that have not ended need the data set."""

    def __init__(self, jobs: Sequence[str]) -> None:
        super().__init__(f"needed by {len(jobs)} jobs that have not ended")
        self.jobs = list(jobs)


def list_datasets(
    session: Session, owner: str | None, *, everyone: bool = False
) -> Sequence[Dataset]:
    """The owner's uploads (or everyone's), by name."""
    query = select(Dataset).order_by(Dataset.name, Dataset.id)
    if not everyone:
        query = query.where(_owned_by(owner))
    return session.scalars(query).all()


def find_dataset(
    session: Session, owner: str | None, name_or_id: str, *, everyone: bool = False
) -> Dataset | None:
    """An upload by its name or id: the owner's own first, then (if asked for) everyone's by id."""
    named = or_(Dataset.name == name_or_id.lower(), Dataset.id == name_or_id)
    own = session.scalar(select(Dataset).where(_owned_by(owner), named))
    return own or (session.get(Dataset, name_or_id) if everyone else None)


def stored_bytes(session: Session, owner: str | None) -> int:
    """What an owner's uploads take on the disk."""
    return session.scalar(select(func.sum(Dataset.bytes)).where(_owned_by(owner))) or 0


def delete_dataset(session: Session, dataset: Dataset) -> None:
    """Forget an upload; jobs that have ended keep its name.

    Raises:
        DatasetInUseError: a job that has not ended needs it.
    """
    active = [state for state in JobState if not state.final]
    needed = select(Job.id).where(Job.dataset_id == dataset.id, Job.state.in_(active)).limit(100)
    jobs = session.scalars(needed).all()
    if jobs:
        raise DatasetInUseError(jobs)
    session.execute(delete(Dataset).where(Dataset.id == dataset.id))
    session.expunge(dataset)


def _owned_by(owner: str | None) -> ColumnElement[bool]:
    return Dataset.owner == (owner or "")
