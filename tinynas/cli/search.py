"""`tinynas search`: the whole job, here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinynas.cli.output import JsonFlag, console, print_json, print_table, reports_errors
from tinynas.cli.progress import JobProgress
from tinynas.cli.result import print_result
from tinynas.cli.training import (
    Average,
    BatchSize,
    LabelSmoothing,
    LearningRate,
    Warmup,
    WeightDecay,
)
from tinynas.errors import InvalidInputError
from tinynas.hyperparameters import Hyperparameters
from tinynas.objectives import parse_objectives
from tinynas.request import Effort, JobRequest, parse_resolutions
from tinynas.units import format_bytes, parse_bytes

if TYPE_CHECKING:
    from tinynas.pipeline import JobResult

app = typer.Typer()


@app.command("search")
@reports_errors
def search_command(
    data: Annotated[str | None, typer.Option(help="Folder of class folders of images.")] = None,
    dataset: Annotated[str | None, typer.Option(help="A known data set instead.")] = None,
    device: Annotated[str | None, typer.Option(help="A part, see `tinynas devices`.")] = None,
    devices: Annotated[
        str | None,
        typer.Option(
            help="Several parts served from one supernet: NAME or NAME:SRAM:FLASH, with commas."
        ),
    ] = None,
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 128KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 512KB.")] = None,
    out: Annotated[Path, typer.Option(help="Where the results go; found again to resume.")] = Path(
        "out"
    ),
    space: Annotated[str | None, typer.Option(help="Search space, see `tinynas spaces`.")] = None,
    schedules: Annotated[str, typer.Option(help="layer, patch, stream or all.")] = "all",
    image: Annotated[
        str, typer.Option("--input", help="The image: held, or fed by rows.")
    ] = "held",
    macs: Annotated[
        int | None, typer.Option(min=1, help="Most MACs of a network, computed once.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="Most milliseconds of an inference, by an estimate.")
    ] = None,
    train_images: Annotated[
        int | None, typer.Option(min=1, help="Images that the supernet sees.")
    ] = None,
    train_minutes: Annotated[
        float | None, typer.Option(min=0.01, help="Minutes of training in place of images.")
    ] = None,
    evaluations: Annotated[int | None, typer.Option(min=1, help="Networks to measure.")] = None,
    finetune_images: Annotated[
        int | None, typer.Option(min=1, help="Images that the winner sees.")
    ] = None,
    finalists: Annotated[
        int, typer.Option(min=1, help="Candidates to fine-tune; the best one is deployed.")
    ] = 1,
    supernet: Annotated[
        str | None, typer.Option(help="Start from this one (a name or a file), train none.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="tpe, nsga2, nsga3, random, evolution or predicted."),
    ] = None,
    objectives: Annotated[
        str | None,
        typer.Option(
            help="accuracy, then any of sram, flash, macs, latency, with commas: the search "
            "spreads along their front; the most accurate is deployed all the same."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes of a Ray cluster that train and measure; 0: here.")
    ] = 0,
    resolutions: Annotated[
        str | None,
        typer.Option(help="Pixels, with commas: each network has one, chosen by the search."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="How the supernet is trained: sandwich or progressive.")
    ] = "sandwich",
    margin: Annotated[
        float, typer.Option(help="Fine-tuning wants the right class to win by so much; 0: at all.")
    ] = 0.0,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    label_smoothing: LabelSmoothing = None,
    warmup: Warmup = None,
    average: Average = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    skip_bad_files: Annotated[bool, typer.Option(help="Leave out unreadable images.")] = False,
    simulator: Annotated[str | None, typer.Option(help="renode, qemu or unicorn.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """From images and a board to a validated C bundle, in this process."""
    request = JobRequest(
        dataset=_dataset(data, dataset),
        device=device,
        sram_bytes=parse_bytes(sram, field="sram") if sram else None,
        flash_bytes=parse_bytes(flash, field="flash") if flash else None,
        space=space,
        schedules=schedules,
        macs=macs,
        latency_ms=latency_ms,
        effort=Effort(train_images, evaluations, finetune_images, train_minutes, finalists),
        seed=seed,
        skip_bad_files=skip_bad_files,
        simulator=simulator,
        supernet=supernet,
        engine=engine,
        objectives=parse_objectives(objectives),
        input=image,
        workers=max(1, workers),
        recipe=recipe,
        margin=margin,
        training=Hyperparameters(
            batch_size, learning_rate, weight_decay, label_smoothing, warmup, average
        ),
        resolutions=parse_resolutions(resolutions),
    )
    if devices is not None:
        _search_fleet(fleet_requests(request, devices), out, workers, as_json=as_json)
        return
    from tinynas.cli.local import run_here

    with JobProgress() as progress:
        result = run_here(request, out, listener=progress, processes=workers)
    if as_json:
        print_json(
            {
                **result.to_json(),
                "bundle": str(result.bundle.path),
                "report": str(result.artifacts / "report.html"),
            }
        )
        return
    print_result(result.to_json())
    console.print(f"bundle  {result.bundle.path}\nreport  {result.artifacts / 'report.html'}")


def _search_fleet(requests: list[JobRequest], out: Path, workers: int, *, as_json: bool) -> None:
    from tinynas.cli.local import run_fleet_here

    with JobProgress() as progress:
        results = run_fleet_here(requests, out, listener=progress, processes=workers)
    if as_json:
        rows = [r.to_json() | {"bundle": str(r.bundle.path)} for r in results]
        print_json({"supernet": str(out / "supernet.safetensors"), "devices": rows})
        return
    print_table(
        f"{requests[0].dataset} on {len(results)} devices",
        ("device", "int8 accuracy", "SRAM", "flash", "MACs", "mismatched", "bundle"),
        [_fleet_row(result) for result in results],
    )


def _fleet_row(result: JobResult) -> tuple[object, ...]:
    found = result.to_json()
    sizes = (format_bytes(found[key]["measured"]) for key in ("sram_bytes", "flash_bytes"))
    accuracy = f"{found['accuracy']['int8']:.2%}"
    mismatched = found["validation"]["mismatched_bytes"]
    return found["device"], accuracy, *sizes, found["macs"], mismatched, result.bundle.path


def fleet_requests(request: JobRequest, devices: str) -> list[JobRequest]:
    """One request a device of `NAME,NAME:SRAM:FLASH,...`.

    Raises:
        InvalidInputError: not of this form, or a budget beside the devices.
    """
    if request.device or request.sram_bytes or request.flash_bytes:
        raise InvalidInputError(
            "--devices names its budgets itself: NAME:SRAM:FLASH",
            field="devices",
            given=devices,
            allowed="--devices without --device, --sram and --flash",
        )
    requests = []
    for part in devices.split(","):
        name, *budget = part.strip().split(":")
        if not name or len(budget) not in (0, 2):
            raise InvalidInputError(
                f"devices: {part!r} is not a device",
                field="devices",
                given=part,
                allowed="NAME or NAME:SRAM:FLASH",
            )
        sram, flash = budget or (None, None)
        requests.append(
            replace(
                request,
                device=name,
                sram_bytes=parse_bytes(sram, field="sram") if sram else None,
                flash_bytes=parse_bytes(flash, field="flash") if flash else None,
            )
        )
    return requests


def _dataset(folder: str | None, name: str | None) -> str:
    if (folder is None) == (name is None):
        raise InvalidInputError(
            "a search needs --data with a folder, or --dataset with a name, and not both",
            field="data",
            given=folder,
            allowed="one of --data and --dataset",
        )
    return folder or name or ""
