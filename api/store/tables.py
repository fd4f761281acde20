"""Tables of jobs and of what they produce."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from api.store import ids
from api.store.states import JobState

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Points in time, in UTC on both sides (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it as a plain attribute)
        dict[str, Any]: JSON(none_as_null=True),
        datetime: UtcDateTime(),
    }


class Job(Base):
    """One request for a network, and how far it has come.

    `dataset` and `device` repeat the request's, to be searched by; `dataset_id` is the
    upload that `dataset` means, `parent_id` the job one of whose candidates this one deploys, or
    whose supernet it searches; both may be gone.  `attempts` counts the workers that have held it
    since it was last queued by a person, or last finished a step.  `last_event` is the sequence
    number of its newest event.  `expired`: when its files were deleted for their age.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "state IN (" + ", ".join(f"'{state}'" for state in JobState) + ")", name="state"
        ),
        CheckConstraint(
            "(lease_owner IS NOT NULL) = (state IN ('running', 'cancelling'))", name="lease"
        ),
        CheckConstraint("(result IS NOT NULL) = (state = 'succeeded')", name="result"),
        Index("ix_jobs_state_id", "state", "id"),
        Index("ix_jobs_owner_id", "owner", "id"),
        Index("ix_jobs_owner_state_id", "owner", "state", "id"),
    )

    id: Mapped[str] = mapped_column(String(ids.LENGTH), primary_key=True, default=ids.new_id)
    name: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str | None] = mapped_column(String(200))
    dataset: Mapped[str] = mapped_column(String(200), index=True)
    device: Mapped[str | None] = mapped_column(String(200), index=True)
    dataset_id: Mapped[str | None] = mapped_column(String(ids.LENGTH), index=True)
    parent_id: Mapped[str | None] = mapped_column(String(ids.LENGTH))
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    step: Mapped[str | None] = mapped_column(String(32))
    progress: Mapped[dict[str, Any] | None]
    best: Mapped[dict[str, Any] | None]
    request: Mapped[dict[str, Any]]
    subspaces: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    updated: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_expires: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_event: Mapped[int] = mapped_column(Integer, default=0)
    expired: Mapped[datetime | None]


class JobEvent(Base):
    """What a job said, in order; `sequence` counts from 1 within the job."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    step: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]]
    time: Mapped[datetime] = mapped_column(default=utc_now)


class Candidate(Base):
    """A network that stage 2 evaluated; `number` counts from 0 within the job."""

    __tablename__ = "candidates"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    accuracy: Mapped[float] = mapped_column(Float)
    sram_bytes: Mapped[int] = mapped_column(BigInteger)
    flash_bytes: Mapped[int] = mapped_column(BigInteger)
    macs: Mapped[int] = mapped_column(BigInteger)
    recomputed_macs: Mapped[int] = mapped_column(BigInteger)
    pareto: Mapped[bool]
    data: Mapped[dict[str, Any]]


class Artifact(Base):
    """A finished file of a job; `path` is relative to the storage folder."""

    __tablename__ = "artifacts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class IdempotencyKey(Base):
    """Which job a client's key made, and from which body; `owner` is empty for nobody's."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    created: Mapped[datetime] = mapped_column(default=utc_now)


class Dataset(Base):
    """An uploaded data set, unpacked in the storage folder; `owner` is empty for nobody's.

    `classes` is `{name: number of images}`, `bytes` what it takes on the disk, `sha256` that of
    the archive it came in.
    """

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_owner_name", "owner", "name", unique=True),)

    id: Mapped[str] = mapped_column(String(ids.LENGTH), primary_key=True, default=ids.new_id)
    owner: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(64))
    classes: Mapped[dict[str, Any]]
    images: Mapped[int] = mapped_column(Integer)
    input_channels: Mapped[int] = mapped_column(Integer)
    native_resolution: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    skipped: Mapped[int] = mapped_column(Integer)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class ApiKey(Base):
    """A key to the API: of its secret only the SHA-256 is kept (it is random, 256 bits)."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(ids.LENGTH), primary_key=True, default=ids.new_id)
    owner: Mapped[str] = mapped_column(String(200), index=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[dict[str, Any]]
    secret_sha256: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(default=utc_now)
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]


class StepTime(Base):
    """How long a job's step took when it was worked on (not when it was found finished).

    Kept when its job is deleted: metrics and estimates are made of it.  `work` is what the step's
    duration is in proportion to, where that is known (MACs times images); 0 where not.
    """

    __tablename__ = "step_times"

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    job_id: Mapped[str] = mapped_column(String(ids.LENGTH))
    step: Mapped[str] = mapped_column(String(32), index=True)
    seconds: Mapped[float] = mapped_column(Float)
    work: Mapped[float] = mapped_column(Float, default=0.0)
    finished: Mapped[datetime] = mapped_column(default=utc_now)


class Tally(Base):
    """A number that only grows, for metrics."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
