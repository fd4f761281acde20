"""The body of a job, as it is asked for: what goes over the wire to the service."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictInt,
    StringConstraints,
    ValidationInfo,
)

from api.store.ids import LENGTH
from tinynas.hyperparameters import BATCH_SIZE, LIMITS, Hyperparameters
from tinynas.objectives import (
    ACCURACY,
    DEFAULT_ENGINE,
    OBJECTIVES,
    EngineName,
    parse_objectives,
)
from tinynas.request import (
    MAX_FINALISTS,
    MAX_MARGIN,
    MAX_WORKERS,
    Effort,
    JobRequest,
    parse_resolutions,
)
from tinynas.units import parse_bytes


def _bytes(value: Any, info: ValidationInfo) -> int | None:
    return None if value is None else parse_bytes(value, field=str(info.field_name))


def _resolutions(value: Any) -> list[int] | None:
    found = parse_resolutions(value)
    return None if found is None else list(found)


def _objectives(value: Any) -> list[str]:
    return list(parse_objectives(value))


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
Objectives = Annotated[
    list[str],
    PlainValidator(_objectives, json_schema_input_type=list[str] | str),
    Field(
        description="What the search climbs, as a list or with commas: accuracy, then any of "
        f"{', '.join(list(OBJECTIVES)[1:])}.",
        examples=["accuracy,sram", ["accuracy", "sram"]],
    ),
]
# A name is shown in terminals and logs, so it holds nothing that could steer one.
Label = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]
_A_JOB = "01K9ZC3V5Y8Q2W4E6R7T9Y1M3N"
# Looked up among jobs, never opened: whoever asks names no file.
FinishedJob = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]+$", max_length=LENGTH)]


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


def _hyperparameter(name: str, description: str, example: float) -> Any:
    low, high = LIMITS[name]
    return Field(
        default=None,
        ge=low,
        le=high,
        allow_inf_nan=None if name == "batch_size" else False,
        description=description,
        examples=[example],
    )


class TrainingIn(BaseModel):
    """Hyperparameters of the supernet's training; what is absent has its default.  Trainings of
    single networks follow it, with learning rates in proportion."""

    model_config = ConfigDict(extra="forbid")

    batch_size: StrictInt | None = _hyperparameter(
        "batch_size", f"Images a step; {BATCH_SIZE} if absent.", BATCH_SIZE
    )
    learning_rate: float | None = _hyperparameter(
        "learning_rate", "At its peak; 0.008 if absent.", 0.008
    )
    weight_decay: float | None = _hyperparameter(
        "weight_decay", "Of weights; 0.02 if absent.", 0.02
    )
    label_smoothing: float | None = _hyperparameter(
        "label_smoothing", "Share of a label that all classes are given.", 0.1
    )
    warmup: float | None = _hyperparameter(
        "warmup", "Share of the steps in which the learning rate rises.", 0.1
    )
    average: float | None = _hyperparameter(
        "average", "Decay a step of the moving average of the weights; 0: their last values.", 0
    )


class JobIn(BaseModel):
    """A request for a network: a data set, and a device or both budgets."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"},
                {"dataset": "digits", "device": "stm32l476xg", "supernet": _A_JOB},
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
    engine: EngineName | None = Field(
        default=None,
        description=f"What proposes networks in stage 2; {DEFAULT_ENGINE} if absent.",
    )
    objectives: Objectives = list(ACCURACY)
    training: TrainingIn = Field(default_factory=TrainingIn)
    resolutions: Resolutions = None
    supernet: FinishedJob | None = Field(
        default=None,
        description="The id of a finished job: its supernet is searched, and none is trained.",
        examples=[_A_JOB],
    )

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
            engine=self.engine,
            objectives=tuple(self.objectives),
            training=Hyperparameters(**self.training.model_dump()),
            resolutions=parse_resolutions(self.resolutions),
            supernet=self.supernet,
        )
