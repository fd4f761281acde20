"""`tinynas sweep`: hyper-parameters of a supernet's training against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinynas.cli.output import JsonFlag, print_json, print_table, reports_errors
from tinynas.cli.progress import JobProgress
from tinynas.errors import InvalidInputError

app = typer.Typer()


@app.command("sweep")
@reports_errors
def sweep_command(
    dataset: Annotated[str, typer.Option(help="A known data set, or a folder of class folders.")],
    width: Annotated[float, typer.Option(help="The subspace's width, see `tinynas subspace`.")],
    resolution: Annotated[int, typer.Option(help="Its resolution in pixels.")],
    train_images: Annotated[int, typer.Option(min=1, help="Images that each training sees.")],
    space: Annotated[str, typer.Option(help="Search space, see `tinynas spaces`.")] = "tiny",
    learning_rate: Annotated[str, typer.Option(help="Values to try, with commas.")] = "",
    weight_decay: Annotated[str, typer.Option(help="Values to try.")] = "",
    label_smoothing: Annotated[str, typer.Option(help="Values to try.")] = "",
    warmup: Annotated[str, typer.Option(help="Values to try: shares of the steps.")] = "",
    average: Annotated[str, typer.Option(help="Values to try: decays of the mean.")] = "",
    recipe: Annotated[
        str, typer.Option(help="How supernets are trained: sandwich or progressive.")
    ] = "sandwich",
    workers: Annotated[
        int, typer.Option(min=0, help="Trainings at a time, on a Ray cluster; 0: one, here.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path, typer.Option(help="Where trials are kept; found again to resume.")] = Path(
        "out/sweep"
    ),
    *,
    as_json: JsonFlag = False,
) -> None:
    """Try every combination of the values; who falls behind is stopped early (ASHA)."""
    given = {
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "warmup": warmup,
        "average": average,
    }
    values = {name: _numbers(name, text) for name, text in given.items() if text}
    from tinynas.cli.local import sweep_here
    from tinynas.spaces import Subspace, load_space
    from tinynas.supernet import TrainingPlan

    with JobProgress() as progress:
        found = sweep_here(
            Subspace(load_space(space), width, resolution),
            dataset,
            TrainingPlan(train_images, seed=seed, threads=1, recipe=recipe),
            values,
            out,
            listener=progress,
            processes=workers,
        )
    if as_json:
        print_json(found.to_json())
        return
    print_table(
        f"{dataset}, {space} x {width:g} at {resolution} pixels",
        (*values, "validation accuracy", "trained", ""),
        [
            (
                *(f"{value:g}" for value in setting.values()),
                " ".join(f"{score:.2%}" for score in standing.scores),
                "stopped" if standing.stopped else "to the end",
                "best" if number == found.best else "",
            )
            for number, (setting, standing) in enumerate(
                zip(found.settings, found.standings, strict=True)
            )
        ],
    )


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(
            f"{name} is {text!r}; allowed are numbers with commas between them",
            field=name,
            given=text,
            allowed="numbers with commas between them",
        ) from None
