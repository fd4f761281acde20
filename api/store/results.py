"""What a job produces on its way: where it is, subspaces, candidates, artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, delete, insert, select, update
from sqlalchemy.orm import Session

from api.store.leases import LeaseLostError
from api.store.tables import Artifact, Candidate, Job, utc_now


class StoredCandidate(NamedTuple):
    """Of a row what lists are made of; thousands are read at a time, so `text` is left as it is."""

    number: int
    accuracy: float
    pareto: bool
    text: str

    @property
    def json(self) -> str:
        """The candidate as JSON, on the front or not as the column says."""
        if '"pareto"' in self.text:  # stored before the front was left to the column
            return json.dumps({**json.loads(self.text), "pareto": self.pareto})
        return f'{self.text[:-1]}, "pareto": {json.dumps(self.pareto)}}}'


def note_progress(session: Session, job_id: str, owner: str, **values: Any) -> None:
    """Set columns of a job that say how far it is (`step`, `progress`, `best`, `subspaces`).

    Raises:
        LeaseLostError: the job is not `owner`'s any more.
    """
    noted = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.lease_owner == owner)
        .values(updated=utc_now(), **values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if noted is None:
        raise LeaseLostError(job_id)


def subspaces_of(session: Session, job_id: str) -> dict[str, Any] | None:
    """Stage 1's table; None before stage 1 has ended."""
    return session.scalar(select(Job.subspaces).where(Job.id == job_id))


def add_candidates(session: Session, job_id: str, candidates: Sequence[dict[str, Any]]) -> None:
    """Store candidates in the form of `tinynas.search`'s JSON; `id` is their number."""
    if not candidates:
        return
    columns = ("accuracy", "sram_bytes", "flash_bytes", "macs", "recomputed_macs", "pareto")
    session.execute(
        insert(Candidate),
        [
            {
                "job_id": job_id,
                "number": c["id"],
                "data": {key: value for key, value in c.items() if key != "pareto"},
                **{k: c[k] for k in columns},
            }
            for c in candidates
        ],
    )


def drop_candidates(session: Session, job_id: str) -> None:
    session.execute(delete(Candidate).where(Candidate.job_id == job_id))


def mark_dominated(session: Session, job_id: str, numbers: Iterable[int]) -> None:
    """These candidates are not on the Pareto front any more."""
    session.execute(
        update(Candidate)
        .where(Candidate.job_id == job_id, Candidate.number.in_(list(numbers)))
        .values(pareto=False)
        .execution_options(synchronize_session=False)
    )


def list_candidates(
    session: Session, job_id: str, *, limit: int, after: int = -1, pareto: bool | None = None
) -> list[StoredCandidate]:
    """In the order of evaluation; `after` is the number of the last one of the page before."""
    query = (
        select(Candidate.number, Candidate.accuracy, Candidate.pareto, cast(Candidate.data, Text))
        .where(Candidate.job_id == job_id, Candidate.number > after)
        .order_by(Candidate.number)
        .limit(limit)
    )
    if pareto is not None:
        query = query.where(Candidate.pareto == pareto)
    return [StoredCandidate(*row) for row in session.execute(query)]


def find_candidate(session: Session, job_id: str, number: int) -> Candidate | None:
    return session.get(Candidate, (job_id, number))


def put_artifacts(session: Session, job_id: str, artifacts: Sequence[Artifact]) -> None:
    """The job's artifacts are these, and no others."""
    session.execute(delete(Artifact).where(Artifact.job_id == job_id))
    session.add_all(artifacts)
    session.flush()


def list_artifacts(session: Session, job_id: str) -> Sequence[Artifact]:
    return session.scalars(
        select(Artifact).where(Artifact.job_id == job_id).order_by(Artifact.name)
    ).all()


def find_artifact(session: Session, job_id: str, name: str) -> Artifact | None:
    return session.get(Artifact, (job_id, name))
