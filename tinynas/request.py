"""What a person asks for, checked as far as it can be before any work starts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NoReturn

from tinynas.cost.cheapest import families_of
from tinynas.cost.instructions import check_timings
from tinynas.devices import Budget, Device, devices, load_device
from tinynas.errors import InvalidInputError
from tinynas.hyperparameters import BATCH_SIZE, Hyperparameters, check_range
from tinynas.objectives import ACCURACY, check_engine
from tinynas.spaces import SearchSpace, load_space

UPSAMPLING_LIMIT = 4
"""Images are enlarged at most this much: beyond it resolution adds MACs and no information."""
SMALL_IMAGES = 64
"""Up to this side (pixels) a data set is searched in the `tiny` space by default."""
SMALL_SRAM = 96 * 1024
"""Up to so many bytes larger images are, in `tiny-photos`: there its networks that fit have more
MACs than those of `mcunet` (docs/stage1.md)."""
INPUTS = ("held", "rows")
"""Whether the image is in SRAM, or pushed row by row."""
RECIPES = ("sandwich", "progressive")
"""How a supernet is trained, see `tinynas.supernet.training` and `tinynas.supernet.shrinking`."""
MAX_MARGIN = 10.0
"""In logits: what fine-tuning may take from the right class's."""
MAX_RESOLUTIONS = 8
"""That one supernet is trained and searched at."""
MAX_WORKERS = 64
MAX_FINALISTS = 16
SUPERNET = "supernet.safetensors"
"""The file that a job leaves of the supernet that it has trained; other jobs can start from it."""


@dataclass(frozen=True)
class Effort:
    """How much to compute: training images seen, networks measured, fine-tuning images seen.

    None means the default for the data set at hand.  `train_minutes` stands in place of
    `train_images`: it is turned into images at this machine's pace when training starts.
    `finalists` are fine-tuned, with so many images each, and the best of them is deployed.
    """

    train_images: int | None = None
    evaluations: int | None = None
    finetune_images: int | None = None
    train_minutes: float | None = None
    finalists: int | None = None

    def __post_init__(self) -> None:
        for name in ("train_images", "evaluations", "finetune_images"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or value < 1):
                self._refuse(name, value, "a whole number of 1 or more")
        if self.finalists is not None and self.finalists not in range(1, MAX_FINALISTS + 1):
            self._refuse("finalists", self.finalists, f"1 to {MAX_FINALISTS}")
        minutes = self.train_minutes
        if minutes is not None and not 0 < minutes < float("inf"):
            self._refuse("train_minutes", minutes, "a number above 0")
        if minutes is not None and self.train_images is not None:
            self._refuse("train_minutes", minutes, "absent where train_images is given")

    @staticmethod
    def _refuse(name: str, given: float, allowed: str) -> NoReturn:
        raise InvalidInputError(
            f"effort.{name} is {given!r}; allowed is {allowed}",
            field=f"effort.{name}",
            given=given,
            allowed=allowed,
        )


@dataclass(frozen=True)
class JobRequest:
    """One job.  `dataset` is a known name or a folder of class folders.

    `sram_bytes` and `flash_bytes` default to the device's; without a device both are required,
    and code is generated for the part that `reference_device` names.  `candidate` is the number of
    the search's candidate to deploy; None for the most accurate one.  `supernet` (a name or a file,
    see `tinynas.supernet.files`; in the service the id of the job that trained it) is searched
    instead of one that is trained for the job; `engine` and `objectives` are the search's, see
    `tinynas.objectives`.  `input` is one of `INPUTS`.  `workers` train together, and the
    weights depend on how many they are.  `recipe`, one of `RECIPES`, is how the supernet is
    trained; `margin` (0: none) by how much fine-tuning wants the right class to win.  `training`
    sets its hyperparameters.  `resolutions` (pixels) are a choice of every network where several
    are given; None leaves one for all of them to stage 1.
    """

    dataset: str
    device: str | None = None
    sram_bytes: int | None = None
    flash_bytes: int | None = None
    space: str | None = None
    schedules: str = "all"
    macs: int | None = None
    latency_ms: float | None = None
    effort: Effort = field(default_factory=Effort)
    seed: int = 0
    name: str | None = None
    skip_bad_files: bool = False
    simulator: str | None = None
    candidate: int | None = None
    supernet: str | None = None
    engine: str | None = None
    objectives: tuple[str, ...] = ACCURACY
    input: str = "held"
    workers: int = 1
    recipe: str = "sandwich"
    margin: float = 0.0
    training: Hyperparameters = field(default_factory=Hyperparameters)
    resolutions: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """What JSON gives back: lists in place of tuples."""
        lists: dict[str, Any] = {"objectives": list(self.objectives)}
        if self.resolutions is not None:
            lists["resolutions"] = list(self.resolutions)
        return asdict(self) | lists

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> JobRequest:
        fields = dict(value)
        effort = fields.pop("effort", None) or {}
        for name in ("objectives", "resolutions"):
            if fields.get(name) is not None:
                fields[name] = tuple(fields[name])
        training = Hyperparameters(**(fields.pop("training", None) or {}))
        return cls(**fields, effort=Effort(**effort), training=training)

    @property
    def target(self) -> Device:
        """The part that code is generated for and simulated on."""
        return load_device(self.device or reference_device(self))

    @property
    def fed(self) -> bool:
        """Whether the image comes row by row.

        Raises: InvalidInputError: `input` is not known.
        """
        return is_fed(self.input)

    @property
    def budget(self) -> Budget:
        """Raises: InvalidInputError: neither a device nor both budgets are given."""
        if self.device is None and (self.sram_bytes is None or self.flash_bytes is None):
            raise InvalidInputError(
                "a job needs a device, or both sram and flash",
                field="device" if self.sram_bytes is None else "flash",
                given=None,
                allowed="a device name, or sram and flash in bytes",
            )
        default = load_device(self.device).default_budget if self.device else None
        budget = Budget(
            self.sram_bytes or (default.sram_bytes if default else 0),
            self.flash_bytes or (default.flash_bytes if default else 0),
            self.macs,
            self.latency_ms,
        )
        if default:
            _within("sram", budget.sram_bytes, default.sram_bytes, self.device)
            _within("flash", budget.flash_bytes, default.flash_bytes, self.device)
        return budget

    def space_for(self, native_resolution: int) -> SearchSpace:
        """The space asked for, or the one that suits images of this side (pixels) and the budget.

        Raises:
            InvalidInputError: no such space; neither a device nor both budgets are given.
        """
        if self.space is not None:
            return load_space(self.space)
        if native_resolution <= SMALL_IMAGES:
            return load_space("tiny")
        return load_space("tiny-photos" if self.budget.sram_bytes <= SMALL_SRAM else "mcunet")

    def resolutions_for(self, native_resolution: int) -> tuple[int, ...]:
        """The resolutions (pixels) that stage 1 compares, rising: those asked for, or those of the
        space that images of this side are worth, its lowest in any case.

        Raises:
            InvalidInputError: one that is asked for is none of the space's.
        """
        space = self.space_for(native_resolution)
        if self.resolutions is None:
            most = max(UPSAMPLING_LIMIT * native_resolution, min(space.resolutions))
            return tuple(r for r in sorted(space.resolutions) if r <= most)
        strange = [r for r in self.resolutions if r not in space.resolutions]
        if strange:
            raise InvalidInputError(
                f"resolutions: space {space.name} has none of {strange[0]} pixels",
                field="resolutions",
                given=list(self.resolutions),
                allowed=sorted(space.resolutions),
            )
        return tuple(sorted(self.resolutions))


def is_fed(image: str) -> bool:
    """Whether this one of `INPUTS` means rows.

    Raises: InvalidInputError: it is none of them.
    """
    if image not in INPUTS:
        raise InvalidInputError(
            f"input is {image!r}; allowed are {', '.join(INPUTS)}",
            field="input",
            given=image,
            allowed=list(INPUTS),
        )
    return image == "rows"


def _within(field_name: str, given: int, limit: int, device: str | None) -> None:
    if given > limit:
        raise InvalidInputError(
            f"{field_name} of {given} bytes is more than {device} has ({limit} bytes)",
            field=field_name,
            given=given,
            allowed=f"at most {limit} bytes",
        )


def reference_device(request: JobRequest) -> str:
    """The part to generate for when only budgets are given: the smallest that has both."""
    sram, flash = request.sram_bytes or 0, request.flash_bytes or 0
    part = nearest_device(sram, flash)
    most = part.default_budget
    for name, given, limit in (
        ("sram", sram, most.sram_bytes),
        ("flash", flash, most.flash_bytes),
    ):
        if given > limit:
            raise InvalidInputError(
                f"no device of the catalogue has {given} bytes of {name} (and enough of the other)",
                field=name,
                given=given,
                allowed=f"at most {limit} bytes ({part.name})",
            )
    return part.name


REFERENCE_CORES = ("cortex-m4", "cortex-m7")
"""Parts with other cores are taken only by name."""


def nearest_device(sram_bytes: int, flash_bytes: int) -> Device:
    """The smallest part with a Cortex-M4 or M7 that has both or, where none has, the one of them
    with the most SRAM."""

    def size(part: Device) -> tuple[int, int, str]:
        return part.default_budget.sram_bytes, part.default_budget.flash_bytes, part.name

    parts = [d for d in devices() if d.core in REFERENCE_CORES]
    fitting = [d for d in parts if size(d)[0] >= sram_bytes and size(d)[1] >= flash_bytes]
    return min(fitting, key=size) if fitting else max(parts, key=size)


def check_macs(macs: int | None) -> int | None:
    """A limit on the MACs of a network computed once, as it was given.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    if macs is not None and (isinstance(macs, bool) or macs < 1):
        raise InvalidInputError(
            f"macs is {macs!r}; allowed is a whole number of 1 or more",
            field="macs",
            given=macs,
            allowed="a whole number of 1 or more",
        )
    return macs


def check_latency(latency_ms: float | None) -> float | None:
    """A limit on the estimated latency, as it was given.

    Raises:
        InvalidInputError: it is no number above 0.
    """
    wrong = isinstance(latency_ms, bool) or not isinstance(latency_ms, (int, float))
    if latency_ms is not None and (wrong or not 0 < latency_ms < math.inf):
        raise InvalidInputError(
            f"latency_ms is {latency_ms!r}; allowed is a number of milliseconds above 0",
            field="latency_ms",
            given=latency_ms,
            allowed="a number above 0",
        )
    return latency_ms


def check_recipe(recipe: str) -> str:
    """One of `RECIPES`, as it was given.

    Raises:
        InvalidInputError: it is none of them.
    """
    if recipe not in RECIPES:
        raise InvalidInputError(
            f"recipe is {recipe!r}; allowed are {', '.join(RECIPES)}",
            field="recipe",
            given=recipe,
            allowed=list(RECIPES),
        )
    return recipe


def parse_resolutions(given: object) -> tuple[int, ...] | None:
    """`48,64`, or a list of numbers, as pixels in rising order; None stays None.

    Raises:
        InvalidInputError: it is something else, or too many, or one is there twice.
    """
    if given is None:
        return None
    parts: list[object] = []
    if isinstance(given, str):
        parts = [int(p) if p.strip().isdecimal() else p for p in given.split(",")]
    elif isinstance(given, Iterable):
        parts = list(given)
    wrong = any(isinstance(p, bool) or not isinstance(p, int) or p < 1 for p in parts)
    if wrong or not 1 <= len(parts) <= MAX_RESOLUTIONS or len(set(parts)) < len(parts):
        raise InvalidInputError(
            f"resolutions is {given!r}; allowed are 1 to {MAX_RESOLUTIONS} different whole numbers "
            "of pixels",
            field="resolutions",
            given=given if isinstance(given, str) else parts,
            allowed=f"1 to {MAX_RESOLUTIONS} different whole numbers of pixels",
        )
    return tuple(sorted(p for p in parts if isinstance(p, int)))


def check_request(request: JobRequest) -> None:
    """Everything that can be known without the data; feasibility is stage 1's to say.

    Raises:
        InvalidInputError: names the field, what was given and what is allowed.
    """
    families_of(request.schedules, fed=request.fed)
    if request.space is not None:
        load_space(request.space)
    if not 0 <= request.seed < 2**31:
        raise InvalidInputError(
            f"seed is {request.seed}; allowed is 0 to {2**31 - 1}",
            field="seed",
            given=request.seed,
            allowed=f"0 to {2**31 - 1}",
        )
    if isinstance(request.workers, bool) or not 1 <= request.workers <= MAX_WORKERS:
        raise InvalidInputError(
            f"workers is {request.workers!r}; allowed is 1 to {MAX_WORKERS}",
            field="workers",
            given=request.workers,
            allowed=f"1 to {MAX_WORKERS}",
        )
    check_engine(request.engine, request.objectives)
    check_recipe(request.recipe)
    check_range("margin", request.margin, 0, MAX_MARGIN)
    _check_batch(request)
    _check_supernet(request)
    parse_resolutions(request.resolutions)
    check_macs(request.macs)
    check_latency(request.latency_ms)
    if request.budget.latency_ms is not None or "latency" in request.objectives:
        check_timings(request.target.core)
    _ = request.budget, request.target


def _check_supernet(request: JobRequest) -> None:
    """Beside a supernet nothing of its training is given: it would have no effect."""
    if request.supernet is None:
        return
    without_effect = {
        "recipe": None if request.recipe == RECIPES[0] else request.recipe,
        "effort.train_images": request.effort.train_images,
        "effort.train_minutes": request.effort.train_minutes,
        "training.warmup": request.training.warmup,
        "training.average": request.training.average,
    }
    for name, value in without_effect.items():
        if value is not None:
            raise InvalidInputError(
                f"{name} is {value!r}, but supernet {request.supernet} is trained already",
                field=name,
                given=value,
                allowed="absent where supernet is given",
            )


def starting_from(request: JobRequest, supernet: str) -> JobRequest:
    """The request after the supernet that it asks for has been trained: what was of that training
    alone is not asked for any more."""
    return replace(
        request,
        supernet=supernet,
        recipe=RECIPES[0],
        effort=replace(request.effort, train_images=None, train_minutes=None),
        training=replace(request.training, warmup=None, average=None),
    )


def _check_batch(request: JobRequest) -> None:
    """Every worker needs two images a step: of one alone batch norm has no statistics."""
    given, workers = request.training.batch_size, request.workers
    size = BATCH_SIZE if given is None else given
    if size < 2 * workers:
        raise InvalidInputError(
            f"training.batch_size is {size}{' by default' if given is None else ''}; "
            f"allowed with {workers} workers is {2 * workers} or more",
            field="training.batch_size",
            given=given,
            allowed=f"{2 * workers} or more",
        )
