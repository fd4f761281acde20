"""`tinynas search`: the whole job, here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.output import JsonFlag, console, print_json, reports_errors
from tinynas.cli.progress import JobProgress
from tinynas.cli.result import print_result
from tinynas.errors import InvalidInputError
from tinynas.request import Effort, JobRequest
from tinynas.units import parse_bytes

app = typer.Typer()


@app.command("search")
@reports_errors
def search_command(
    data: Annotated[str | None, typer.Option(help="Folder of class folders of images.")] = None,
    dataset: Annotated[str | None, typer.Option(help="A known data set instead.")] = None,
    device: Annotated[str | None, typer.Option(help="A part, see `tinynas devices`.")] = None,
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 128KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 512KB.")] = None,
    out: Annotated[Path, typer.Option(help="Where the results go; found again to resume.")] = Path(
        "out"
    ),
    space: Annotated[str | None, typer.Option(help="Search space, see `tinynas spaces`.")] = None,
    schedules: Annotated[str, typer.Option(help="layer, patch or all.")] = "all",
    macs: Annotated[
        int | None, typer.Option(min=1, help="Most MACs of a network, computed once.")
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
    workers: Annotated[
        int, typer.Option(min=0, help="Ray actors that measure networks; 0: this process.")
    ] = 0,
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
        effort=Effort(train_images, evaluations, finetune_images, train_minutes),
        seed=seed,
        skip_bad_files=skip_bad_files,
        simulator=simulator,
    )
    from tinynas.cli.local import run_here

    with JobProgress() as progress:
        result = run_here(request, out, listener=progress, workers=workers)
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


def _dataset(folder: str | None, name: str | None) -> str:
    if (folder is None) == (name is None):
        raise InvalidInputError(
            "a search needs --data with a folder, or --dataset with a name, and not both",
            field="data",
            given=folder,
            allowed="one of --data and --dataset",
        )
    return folder or name or ""
