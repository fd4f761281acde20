"""What the service answers, in the nouns of the design."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from api.store import Dataset, JobState
from tinynas.data import DatasetCard

T = TypeVar("T")


class JobOut(BaseModel):
    """A job: where it is and, once it has ended, what came of it.

    `progress` is `{done, total, unit}` of the current step, `best` the most accurate candidate so
    far, `error` `{step, message, ...}` of a failed job.  `parent_id` is the job one of whose
    candidates this one deploys, or whose supernet it searches.  `expired`: when its files were
    deleted for their age.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    owner: str | None
    state: JobState
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
    attempts: int
    dataset_id: str | None
    parent_id: str | None
    expired: datetime | None


class EventOut(BaseModel):
    """An event of a job's stream; its number is the stream's `id`, its kind the `event`."""

    model_config = ConfigDict(from_attributes=True)

    sequence: int
    kind: str
    step: str
    time: datetime
    data: dict[str, Any]


class ArtifactOut(BaseModel):
    """A finished file of a job."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    media_type: str
    bytes: int
    sha256: str
    created: datetime


class RegionOut(BaseModel):
    name: str
    kind: str
    address: int
    bytes: int


class DeviceOut(BaseModel):
    """A part; `sram_bytes` and `flash_bytes` are its default budget."""

    name: str
    order_codes: list[str]
    core: str
    clock_hz: int
    sram_bytes: int
    flash_bytes: int
    regions: list[RegionOut]


class SearchSpaceOut(BaseModel):
    name: str
    description: str
    resolutions: list[int]
    width_multipliers: list[float]
    stages: int


class DatasetOut(BaseModel):
    """A data set that jobs may name; `native_resolution` is the side of its images in pixels.

    Of an upload more is known: `class_images` is `{class: images}`, `bytes` what it takes on the
    service's disk, `sha256` that of its archive, `skipped` how many files were no whole images, of
    which `bad_files` names the first few once, in the answer to the upload.
    """

    name: str
    kind: Literal["builtin", "uploaded"]
    classes: int
    input_channels: int
    native_resolution: int
    id: str | None = None
    owner: str | None = None
    class_images: dict[str, int] | None = None
    images: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    skipped: int | None = None
    bad_files: list[str] | None = None
    created: datetime | None = None

    @classmethod
    def of_card(cls, card: DatasetCard) -> DatasetOut:
        return cls(
            name=card.name,
            kind="builtin",
            classes=card.classes,
            input_channels=card.input_channels,
            native_resolution=card.native_resolution,
        )

    @classmethod
    def of_upload(cls, upload: Dataset, bad_files: list[str] | None = None) -> DatasetOut:
        return cls(
            name=upload.name,
            kind="uploaded",
            classes=len(upload.classes),
            input_channels=upload.input_channels,
            native_resolution=upload.native_resolution,
            id=upload.id,
            owner=upload.owner or None,
            class_images=upload.classes,
            images=upload.images,
            bytes=upload.bytes,
            sha256=upload.sha256,
            skipped=upload.skipped,
            bad_files=bad_files,
            created=upload.created,
        )


class Page(BaseModel, Generic[T]):
    """A part of a list; `next_cursor` asks for the following one and is null on the last."""

    items: list[T]
    next_cursor: str | None = None
