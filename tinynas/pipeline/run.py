"""One job from the request to the report: the steps, in order."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinynas.emit import Bundle, load_bundle
from tinynas.pipeline import choosing, deploying, finish, quantising, searching, training
from tinynas.pipeline.files import read_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.reporting import report
from tinynas.pipeline.workplace import Workplace
from tinynas.progress import Reporter
from tinynas.request import JobRequest, check_request


@dataclass(frozen=True)
class JobResult:
    """A finished job: its summary, every candidate, and the folder with what to take away."""

    summary: dict[str, Any]
    candidates: list[dict[str, Any]]
    subspaces: dict[str, Any]
    folder: Path

    def to_json(self) -> dict[str, Any]:
        """The object of `tinynas demo --json`, less what only the caller knows."""
        return self.summary

    @property
    def artifacts(self) -> Path:
        """`model.pt`, `model.tflite`, `supernet.safetensors`, `bundle.zip`, `report.html`, ..."""
        return self.folder / "artifacts"

    @property
    def bundle(self) -> Bundle:
        return load_bundle(self.folder / "bundle")


def run_pipeline(
    request: JobRequest,
    folder: Path,
    *,
    reporter: Reporter | None = None,
    place: Workplace | None = None,
    data: Path | None = None,
    studies: str | None = None,
    supernet: Path | None = None,
) -> JobResult:
    """Do the job in `folder`, from the first step on that is not there yet.

    `data` is the folder of the data set that the request names, `supernet` the file of its
    supernet, where the name alone does not find it; `studies` the URL of a data base that keeps the
    search, for Optuna's dashboard; `place` where its heavy work is done, this process if it is not
    given.

    Raises:
        InvalidInputError: the request or its data are wrong.
        InfeasibleBudgetError: nothing fits; said before any training.
        MissingToolError: no compiler or simulator; said before any training too.
        CancelledError: the reporter was told to stop.
    """
    check_request(request)
    deploying.check_tools(request)
    reporter, place = reporter or Reporter(), place or Workplace()
    job = Job(request, folder, reporter, place, data, studies, supernet)
    describe_data(job)
    outputs = {}
    outputs["subspace"], subspace = choosing.choose(job)
    outputs["supernet"] = training.train(job, subspace)
    outputs["search"] = searching.search_subnets(job, subspace, outputs["supernet"])
    outputs["finetune"] = finish.improve(
        job,
        subspace,
        outputs["supernet"],
        outputs["search"],
        finish.finalists(job, outputs["search"]),
    )
    winner = finish.architecture_of(
        subspace, outputs["search"], finish.deployed(outputs["finetune"])
    )
    outputs["quantise"] = quantising.quantise_winner(
        job, subspace, winner, outputs["supernet"], outputs["finetune"]
    )
    outputs["schedule"], schedule = deploying.schedule_winner(job, subspace, winner)
    outputs["emit"], bundle = deploying.emit_bundle(
        job, outputs["quantise"], outputs["schedule"], schedule
    )
    outputs["build"], firmware = deploying.build(job, outputs["emit"], bundle)
    outputs["simulate"] = deploying.simulate_run(job, outputs["build"], firmware, bundle)
    reported = report(job, subspace, winner, outputs, bundle)
    for name in ("artifacts", "bundle"):
        _publish(reported.path / name, folder / name)
    result = JobResult(
        read_json(folder / "artifacts" / "result.json"),
        read_json(outputs["search"].path / "candidates.json")["candidates"],
        read_json(outputs["subspace"].path / "subspaces.json"),
        folder,
    )
    job.reporter.emit("result", **result.to_json())
    return result


def describe_data(job: Job) -> None:
    """Say what the data are before anything is trained on them."""
    for line in job.summary.lines:
        job.reporter.of_step("subspace").emit("log", message=line)


def _publish(source: Path, target: Path) -> None:
    """Put a finished folder in its place, whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
