"""`tinynas submit / jobs / watch / download / cancel`: a client of the REST API."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

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
from tinynas.client import DEFAULT_URL, Client, Job
from tinynas.errors import TinynasError
from tinynas.hyperparameters import Hyperparameters
from tinynas.objectives import parse_objectives

app = typer.Typer()

UrlOption = Annotated[
    str, typer.Option("--url", envvar="TINYNAS_URL", help="Where the service answers.")
]
KeyOption = Annotated[
    str | None, typer.Option("--api-key", envvar="TINYNAS_API_KEY", help="Bearer API key.")
]
JobArgument = Annotated[str, typer.Argument(help="The job's id.")]


@app.command("submit")
@reports_errors
def submit_command(
    dataset: Annotated[str, typer.Option(help="A data set that the service knows.")],
    device: Annotated[str | None, typer.Option(help="A part, see `tinynas devices`.")] = None,
    sram: Annotated[str | None, typer.Option(help="SRAM budget, e.g. 64KB.")] = None,
    flash: Annotated[str | None, typer.Option(help="Flash budget, e.g. 256KB.")] = None,
    space: Annotated[str | None, typer.Option(help="Search space.")] = None,
    schedules: Annotated[str, typer.Option(help="layer, patch, stream or all.")] = "all",
    image: Annotated[
        str, typer.Option("--input", help="The image: held, or fed by rows.")
    ] = "held",
    macs: Annotated[int | None, typer.Option(min=1)] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="Most milliseconds of an inference, by an estimate.")
    ] = None,
    train_images: Annotated[int | None, typer.Option(min=1)] = None,
    evaluations: Annotated[int | None, typer.Option(min=1)] = None,
    finetune_images: Annotated[int | None, typer.Option(min=1)] = None,
    train_minutes: Annotated[
        float | None, typer.Option(help="Instead of --train-images: as many as fit in this time.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    name: Annotated[str | None, typer.Option(help="What to call the job.")] = None,
    simulator: Annotated[str | None, typer.Option(help="renode, qemu or unicorn.")] = None,
    finalists: Annotated[
        int | None, typer.Option(min=1, help="Candidates to fine-tune; the best one is deployed.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of the cluster that train together.")
    ] = None,
    resolutions: Annotated[
        str | None,
        typer.Option(help="Pixels, with commas: each network has one, chosen by the search."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="How the supernet is trained: sandwich or progressive.")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Fine-tuning wants the right class to win by so much.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="What proposes networks, see `tinynas search`.")
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(help="accuracy, then any of sram, flash, macs, latency.")
    ] = None,
    supernet: Annotated[
        str | None,
        typer.Option(metavar="JOB", help="Search this finished job's supernet, train none."),
    ] = None,
    batch_size: BatchSize = None,
    learning_rate: LearningRate = None,
    weight_decay: WeightDecay = None,
    label_smoothing: LabelSmoothing = None,
    warmup: Warmup = None,
    average: Average = None,
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Queue a job."""
    effort = {
        "train_images": train_images,
        "evaluations": evaluations,
        "finetune_images": finetune_images,
        "train_minutes": train_minutes,
        "finalists": finalists,
    }
    training = Hyperparameters(
        batch_size, learning_rate, weight_decay, label_smoothing, warmup, average
    )
    with Client(url, api_key) as client:
        job = client.submit(
            dataset=dataset,
            device=device,
            sram=sram,
            flash=flash,
            space=space,
            schedules=schedules,
            input=image,
            macs=macs,
            latency_ms=latency_ms,
            effort={key: value for key, value in effort.items() if value is not None},
            seed=seed,
            name=name,
            simulator=simulator,
            workers=workers,
            recipe=recipe,
            margin=margin,
            engine=engine,
            objectives=None if objectives is None else parse_objectives(objectives),
            training=training.given() or None,
            resolutions=resolutions,
            supernet=supernet,
        )
    if as_json:
        print_json(job_json(job))
    else:
        console.print(f"job {job.id} is {job.state}; follow it with: tinynas watch {job.id}")


@app.command("upload")
@reports_errors
def upload_command(
    source: Annotated[Path, typer.Argument(help="A folder of class folders, or a zip of one.")],
    name: Annotated[str | None, typer.Option(help="What jobs will call it.")] = None,
    skip_bad_files: Annotated[
        bool, typer.Option("--skip-bad-files", help="Leave out what is no whole image.")
    ] = False,
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Bring a data set to the service."""
    wanted = name or source.resolve().stem.lower()
    with Client(url, api_key) as client:
        dataset = client.upload(source, name=wanted, skip_bad_files=skip_bad_files)
    if as_json:
        created = dataset.created.isoformat() if dataset.created else None
        print_json({**vars(dataset), "created": created})
    else:
        console.print(
            f"data set {dataset.name}: {dataset.images} images of {dataset.classes} classes, "
            f"{dataset.skipped} files left out"
        )


@app.command("jobs")
@reports_errors
def jobs_command(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    text: Annotated[
        str | None, typer.Option("--search", help="A part of the name, or the id's beginning.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """The jobs, newest first."""
    with Client(url, api_key) as client:
        jobs = list(islice(client.jobs(state=state, text=text), limit))
    if as_json:
        print_json({"jobs": [job_json(job) for job in jobs]})
        return
    rows = [
        (
            job.id,
            job.name,
            job.state,
            job.step,
            job.request["dataset"],
            job.request["device"],
            f"{job.best['accuracy']:.1%}" if job.best else None,
            f"{job.created:%Y-%m-%d %H:%M}",
        )
        for job in jobs
    ]
    columns = ("id", "name", "state", "step", "data set", "device", "best", "created")
    print_table("Jobs", columns, rows)


@app.command("watch")
@reports_errors
def watch_command(
    job_id: JobArgument,
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Follow a job to its end."""
    with Client(url, api_key) as client:
        job = follow(client, job_id)
    if as_json:
        print_json(job_json(job))
    elif job.result:
        print_result(job.result)


def follow(client: Client, job_id: str) -> Job:
    """The job when it has succeeded, its progress drawn until then.

    Raises:
        TinynasError: it failed or was cancelled; says at which step and why.
    """
    with JobProgress() as progress:
        job = client.wait(job_id, lambda e: progress.show(e.kind, e.step, e.data))
    if job.state != "succeeded":
        error = job.error or {}
        reason = error.get("message", f"it was {job.state}")
        step = f" at step {error['step']}" if error.get("step") else ""
        raise TinynasError(f"job {job_id} {job.state}{step}: {reason}", job=job_id)
    return job


@app.command("download")
@reports_errors
def download_command(
    job_id: JobArgument,
    names: Annotated[list[str] | None, typer.Argument(help="Which; all by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder to save them in.")] = Path(),
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Save a job's artifacts, their sha256 checked."""
    out.mkdir(parents=True, exist_ok=True)
    with Client(url, api_key) as client:
        wanted = names or [artifact.name for artifact in client.artifacts(job_id)]
        files = [client.download(job_id, name, out) for name in wanted]
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        for file in files:
            console.print(str(file), highlight=False)


@app.command("cancel")
@reports_errors
def cancel_command(
    job_id: JobArgument,
    url: UrlOption = DEFAULT_URL,
    api_key: KeyOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Stop a job."""
    with Client(url, api_key) as client:
        job = client.cancel(job_id)
    if as_json:
        print_json(job_json(job))
    else:
        console.print(f"job {job.id} is {job.state}")


def job_json(job: Job) -> dict[str, Any]:
    times = ("created", "updated", "started", "finished")
    values = dict(vars(job))
    return values | {t: values[t].isoformat() if values[t] else None for t in times}
