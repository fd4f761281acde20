"""The whole of tinynas from Python: what `import tinynas as tn` offers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinynas.cluster import on_ray
from tinynas.devices import Budget, Device
from tinynas.emit import Bundle, load_bundle
from tinynas.errors import InvalidInputError
from tinynas.hyperparameters import Hyperparameters
from tinynas.objectives import ACCURACY
from tinynas.pipeline import JobResult, Workplace, compile_tflite, compile_weights, run_pipeline
from tinynas.progress import Listener, Reporter, ignore
from tinynas.report import refresh_report
from tinynas.request import (
    Effort,
    JobRequest,
    check_latency,
    check_macs,
    is_fed,
    nearest_device,
    parse_resolutions,
)
from tinynas.simulate import Measurement
from tinynas.simulate import validate as validate_bundle
from tinynas.spaces import load_space
from tinynas.subspace import DEFAULT_RULE, SubspaceTable, choose_subspace
from tinynas.units import parse_bytes

Size = int | str
"""Bytes, or text with a unit: `327680`, `"320KB"`."""


def subspace(
    *,
    sram: Size | None = None,
    flash: Size | None = None,
    device: str | None = None,
    space: str = "mcunet",
    classes: int = 100,
    input_channels: int = 3,
    schedules: str = "all",
    accounting: str = "device",
    rule: str = DEFAULT_RULE,
    image: str = "held",
    macs: int | None = None,
    latency_ms: float | None = None,
    samples: int = 1000,
    seed: int = 0,
) -> SubspaceTable:
    """Stage 1: every (width, resolution) of a space under a budget, and the choice.

    Without a device code is counted as for the smallest part that has both budgets or, where none
    is so large, for the largest part there is.  `image`: `held` in SRAM, or `rows` that are fed to
    streams one by one.

    Raises:
        InvalidInputError: a wrong argument, named.
        InfeasibleBudgetError: nothing fits; says the smallest budget that would do.
    """
    part, budget = target(device, sram, flash, any_size=True)
    return choose_subspace(
        load_space(space),
        replace(budget, macs=check_macs(macs), latency_ms=check_latency(latency_ms)),
        classes=classes,
        input_channels=input_channels,
        device=part,
        schedules=schedules,
        accounting=accounting,
        rule=rule,
        fed=is_fed(image),
        samples=samples,
        seed=seed,
    )


def target(
    device: str | None, sram: Size | None, flash: Size | None, *, any_size: bool = False
) -> tuple[Device, Budget]:
    """The part and the budget that a device's name, two sizes, or all three mean.

    `any_size`: budgets without a device may be larger than those of any part.
    """
    request = JobRequest(
        dataset="",
        device=device,
        sram_bytes=None if sram is None else parse_bytes(sram, field="sram"),
        flash_bytes=None if flash is None else parse_bytes(flash, field="flash"),
    )
    budget = request.budget
    if any_size and device is None:
        return nearest_device(budget.sram_bytes, budget.flash_bytes), budget
    return request.target, budget


@dataclass(frozen=True)
class SearchResult:
    """What a search found; its files are in `job.folder`."""

    job: JobResult

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """Every measured network: architecture, schedule, accuracy, cost, Pareto flag."""
        return self.job.candidates

    @property
    def accuracy(self) -> dict[str, float]:
        """`float` and `int8` over the test split."""
        return dict(self.job.summary["accuracy"])

    @property
    def memory(self) -> dict[str, dict[str, int]]:
        """`sram` and `flash`, each with `budget`, `predicted` and `measured` bytes."""
        return {key: dict(self.job.summary[f"{key}_bytes"]) for key in ("sram", "flash")}

    @property
    def bundle(self) -> Bundle:
        return self.job.bundle

    def write(self, folder: str | Path) -> Bundle:
        """Copy bundle, report and model files into `folder`; returns the bundle there."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.job.artifacts.iterdir():
            shutil.copy(file, folder / file.name)
        shutil.copytree(self.bundle.path, folder / "bundle", dirs_exist_ok=True)
        return load_bundle(folder / "bundle")

    def _repr_html_(self) -> str:
        """The report, in a notebook."""
        return (self.job.artifacts / "report.html").read_text()


def search(
    *,
    data: str | Path,
    device: str | None = None,
    sram: Size | None = None,
    flash: Size | None = None,
    out: str | Path = "out",
    space: str | None = None,
    schedules: str = "all",
    image: str = "held",
    macs: int | None = None,
    latency_ms: float | None = None,
    effort: Effort | None = None,
    seed: int = 0,
    simulator: str | None = None,
    skip_bad_files: bool = False,
    listener: Listener = ignore,
    workers: int = 1,
    recipe: str = "sandwich",
    margin: float = 0.0,
    training: Hyperparameters | None = None,
    resolutions: Sequence[int] | None = None,
    supernet: str | Path | None = None,
    engine: str | None = None,
    objectives: Sequence[str] = ACCURACY,
    place: Workplace | None = None,
) -> SearchResult:
    """The whole job: from images (a folder of class folders, or a known name) to validated C.

    `image`: `held` in SRAM, or `rows` that are fed to streams one by one; `macs` limits a network
    computed once, `latency_ms` the estimated time of an inference.  `recipe` trains the supernet:
    `sandwich`, or `progressive` shrinking; with a `margin` (in logits) fine-tuning wants the right
    class to win by so much; `training` sets hyperparameters, such as those that a sweep found best.
    Of several `resolutions` (pixels) every network has one, by the search's choice.  `supernet` (a
    name or a file) is searched in place of one that is trained; `engine` and `objectives` say how
    and for what (`tinynas.objectives`).
    `out` keeps every finished step, so the same call resumes where it was interrupted.  With
    several `workers` it trains and measures in so many processes of a Ray cluster: of the one that
    `place` is of (see `on_ray`), or of one that ends with the call.

    Raises:
        InvalidInputError: wrong data or a wrong argument, named.
        InfeasibleBudgetError: nothing fits; said before any training.
    """
    request = JobRequest(
        dataset=str(data),
        device=device,
        sram_bytes=None if sram is None else parse_bytes(sram, field="sram"),
        flash_bytes=None if flash is None else parse_bytes(flash, field="flash"),
        space=space,
        schedules=schedules,
        input=image,
        macs=macs,
        latency_ms=latency_ms,
        effort=effort or Effort(),
        seed=seed,
        simulator=simulator,
        skip_bad_files=skip_bad_files,
        workers=workers,
        recipe=recipe,
        margin=margin,
        training=training or Hyperparameters(),
        resolutions=parse_resolutions(resolutions),
        supernet=None if supernet is None else str(supernet),
        engine=engine,
        objectives=tuple(objectives),
    )
    reporter = Reporter(listener=listener)
    if workers > 1 and place is None:
        with on_ray(workers) as cluster:
            return SearchResult(run_pipeline(request, Path(out), reporter=reporter, place=cluster))
    return SearchResult(run_pipeline(request, Path(out), reporter=reporter, place=place))


def compile_model(
    model: str | Path,
    *,
    device: str,
    sram: Size | None = None,
    flash: Size | None = None,
    out: str | Path,
    calibration: str | Path | None = None,
    seed: int = 0,
    image: str = "held",
) -> Bundle:
    """An int8 `.tflite` as a C bundle in folder `out`; the budgets default to the device's.

    A search result's `model.pt` too: its activation ranges come from the data set (a known name, or
    a folder) that `calibration` names.
    `image` is `held` in SRAM, or comes in `rows` by `<name>_push_rows`.

    Raises:
        InvalidInputError: the model cannot be compiled; everything that stands against it is named.
        InfeasibleBudgetError: it does not fit; says which budget would do.
    """
    part, budget = target(device, sram, flash)
    path, data = Path(model), None if calibration is None else str(calibration)
    if path.suffix.lower() == ".pt":
        return compile_weights(
            path, part, budget, Path(out), calibration=data, seed=seed, image=image
        )
    if data is not None:
        raise InvalidInputError(
            f"{path.name} has activation ranges of its own; --calibration is for a search result's "
            "weights (.pt)",
            field="calibration",
            given=data,
            allowed="absent for a .tflite",
        )
    return compile_tflite(path, part, budget, Path(out), seed=seed, image=image)


def validate(bundle: Bundle | str | Path, *, simulator: str | None = None) -> Measurement:
    """Build a bundle's firmware, run it on the simulated part, compare every output byte.

    The report in the bundle gets what was measured.
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    measured = validate_bundle(loaded, simulator=simulator)
    refresh_report(loaded, measured.to_json())
    return measured
