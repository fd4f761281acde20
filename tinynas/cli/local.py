"""A job in this process, its heavy work done here or on a Ray cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tinynas.cluster import on_ray
from tinynas.data import load_dataset
from tinynas.pipeline import JobResult, Sweep, Workplace, run_fleet, run_pipeline, sweep
from tinynas.progress import Listener, Reporter
from tinynas.request import JobRequest
from tinynas.spaces import Subspace
from tinynas.supernet import TrainingPlan


def run_here(request: JobRequest, out: Path, *, listener: Listener, processes: int) -> JobResult:
    """The job in folder `out`; with `processes`, on so many of a cluster."""
    with _place(processes) as place:
        return run_pipeline(request, out, reporter=Reporter(listener=listener), place=place)


def run_fleet_here(
    requests: list[JobRequest], out: Path, *, listener: Listener, processes: int
) -> list[JobResult]:
    """Several devices from one supernet, each in a folder of `out`."""
    with _place(processes) as place:
        return run_fleet(requests, out, reporter=Reporter(listener=listener), place=place)


def sweep_here(
    subspace: Subspace,
    dataset: str,
    plan: TrainingPlan,
    values: dict[str, list[float]],
    out: Path,
    *,
    listener: Listener,
    processes: int,
) -> Sweep:
    """A sweep in folder `out`, see `tinynas.pipeline.sweep`."""
    data = load_dataset(dataset, seed=plan.seed)
    reporter = Reporter("supernet", listener)
    with _place(processes) as place:
        return sweep(subspace, data, plan, values, out, reporter=reporter, place=place)


def _place(processes: int) -> AbstractContextManager[Workplace]:
    return on_ray(processes) if processes else nullcontext(Workplace())
