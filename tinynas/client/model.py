"""Jobs, events and artifacts as the REST API tells them."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from datetime import datetime
from typing import Any

FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Job:
    """A job as it was when the service was asked.

    `progress` is `{done, total, unit}` of the step it is in, `best` the most accurate candidate so
    far, `result` the result of one that succeeded, `error` `{step, message, ...}` of one that
    failed, `parent_id` the job one of whose candidates this one deploys, or whose supernet it
    searches.
    """

    id: str
    name: str
    state: str
    step: str | None
    progress: dict[str, Any] | None
    best: dict[str, Any] | None
    request: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created: datetime
    updated: datetime
    started: datetime | None
    finished: datetime | None
    owner: str | None = None
    attempts: int = 0
    dataset_id: str | None = None
    parent_id: str | None = None
    expired: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.state in FINAL_STATES

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Job:
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class JobEvent:
    """Something that a job said; kinds are those of `tinynas.progress`, and `state`."""

    sequence: int
    kind: str
    step: str
    time: datetime
    data: dict[str, Any]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> JobEvent:
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class Artifact:
    """A finished file of a job."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    created: datetime

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Artifact:
        return cls(**_known(cls, value))


@dataclass(frozen=True)
class Dataset:
    """A data set that jobs may name; what only an upload has is None for a built-in one."""

    name: str
    kind: str
    classes: int
    input_channels: int
    native_resolution: int
    id: str | None = None
    class_images: dict[str, int] | None = None
    images: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    skipped: int | None = None
    bad_files: list[str] | None = None
    created: datetime | None = None

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Dataset:
        return cls(**_known(cls, value))


_TIMES = {"created", "updated", "started", "finished", "time", "expired"}


def _known(kind: type[Any], value: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows (a newer service may say more)."""
    fields = {
        name: value[name]
        for name, known in kind.__dataclass_fields__.items()
        if name in value or known.default is MISSING
    }
    for name in _TIMES & set(fields):
        if fields[name] is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    return fields
