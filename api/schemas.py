"""What goes over the wire, in the nouns of the design."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictInt,
    StringConstraints,
    ValidationInfo,
)

from api.store import Dataset, JobState
from tinynas.data import DatasetCard
from tinynas.request import (
    MAX_FINALISTS,
    MAX_MARGIN,
    MAX_WORKERS,
    Effort,
    JobRequest,
    parse_resolutions,
)
from tinynas.units import parse_bytes

T = TypeVar("T")


def _bytes(value: Any, info: ValidationInfo) -> int | None:
    return None if value is None else parse_bytes(value, field=str(info.field_name))


def _resolutions(value: Any) -> list[int] | None:
    found = parse_resolutions(value)
    return None if found is None else list(found)


# Bytes, once it is read.  A size that cannot be read leaves as the library's own error.
Size = Annotated[
    int | None,
    PlainValidator(_bytes, json_schema_input_type=int | str | None),
    Field(description="Bytes, or text with a unit.", examples=["32KB", 32768]),
]
Resolutions = Annotated[
    list[int] | None,
    PlainValidator(_resolutions, json_schema_input_type=list[int] | str | None),
    Field(
        description="Pixels, as a list or with commas: each network has one, chosen by the search. "
        "Without them stage 1 chooses one for all.",
        examples=["32,48", [32, 48]],
    ),
]
# A name is shown in terminals and logs, so it holds nothing that could steer one.
Label = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]


class EffortIn(BaseModel):
    """How much to compute; what is absent is chosen for the data set."""

    model_config = ConfigDict(extra="forbid")

    train_images: StrictInt | None = Field(default=None, ge=1, examples=[100_000])
    evaluations: StrictInt | None = Field(default=None, ge=1, examples=[64])
    finetune_images: StrictInt | None = Field(default=None, ge=1, examples=[30_000])
    train_minutes: float | None = Field(
        default=None,
        gt=0,
        le=100_000,
        description="Instead of a number of training images: as many as fit in this time.",
        examples=[20],
    )
    finalists: StrictInt | None = Field(
        default=None,
        ge=1,
        le=MAX_FINALISTS,
        description="Candidates that are fine-tuned and compete to be deployed; 1 if absent.",
        examples=[1],
    )


class JobIn(BaseModel):
    """A request for a network: a data set, and a device or both budgets."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}
            ]
        },
    )

    dataset: Label = Field(examples=["digits"])
    device: Label | None = Field(default=None, examples=["stm32f411xe"])
    sram: Size = None
    flash: Size = None
    space: Label | None = Field(default=None, examples=["tiny"])
    schedules: Label = Field(default="all", examples=["all", "layer", "patch", "stream"])
    input: Literal["held", "rows"] = Field(
        default="held",
        description="The image: held in SRAM, or fed row by row, which streams everything.",
    )
    macs: StrictInt | None = Field(default=None, ge=1)
    latency_ms: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Most milliseconds of an inference, by an estimate.",
        examples=[50],
    )
    effort: EffortIn = Field(default_factory=EffortIn)
    seed: StrictInt = 0
    name: Label | None = None
    simulator: Literal["unicorn", "qemu", "renode"] | None = None
    workers: StrictInt = Field(
        default=1,
        ge=1,
        le=MAX_WORKERS,
        description="Processes that train together, each with a CPU or GPU of the cluster.",
        examples=[1],
    )
    recipe: Literal["sandwich", "progressive"] = Field(
        default="sandwich",
        description="How the supernet is trained: by the sandwich rule or progressive shrinking.",
        examples=["sandwich"],
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        le=MAX_MARGIN,
        allow_inf_nan=False,
        description="By how much (in logits) fine-tuning wants the right class to win; 0: at all.",
        examples=[0],
    )
    resolutions: Resolutions = None

    def to_request(self) -> JobRequest:
        """The library's request."""
        return JobRequest(
            dataset=self.dataset,
            device=self.device,
            sram_bytes=self.sram,
            flash_bytes=self.flash,
            space=self.space,
            schedules=self.schedules,
            input=self.input,
            macs=self.macs,
            latency_ms=self.latency_ms,
            effort=Effort(**self.effort.model_dump()),
            seed=self.seed,
            name=self.name,
            simulator=self.simulator,
            workers=self.workers,
            recipe=self.recipe,
            margin=self.margin,
            resolutions=parse_resolutions(self.resolutions),
        )


class JobOut(BaseModel):
    """A job: where it is and, once it has ended, what came of it.

    `progress` is `{done, total, unit}` of the current step, `best` the most accurate candidate so
    far, `error` `{step, message, ...}` of a failed job.  `parent_id` is the job one of whose
    candidates this one deploys.  `expired`: when its files were deleted for their age.
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
