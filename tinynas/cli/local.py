"""A job in this process, its heavy work done here or on a Ray cluster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tinynas.cluster import on_ray
from tinynas.data import load_dataset
from tinynas.pipeline import JobResult, Sweep, Workplace, run_fleet, run_pipeline, sweep
from tinynas.progress import Listener, Reporter
from tinynas.request import JobRequest
from tinynas.spaces import Subspace, load_space
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
    dataset: str,
    where: tuple[str, float, int],
    effort: tuple[int, int],
    values: dict[str, list[float]],
    out: Path,
    *,
    listener: Listener,
    processes: int,
) -> Sweep:
    """A sweep in folder `out`; `where` is (space, width, resolution), `effort` (images, seed)."""
    space, width, resolution = where
    images, seed = effort
    subspace = Subspace(load_space(space), width, resolution)
    data = load_dataset(dataset, seed=seed)
    plan = TrainingPlan(images, seed=seed, threads=1)
    reporter = Reporter("supernet", listener)
    with _place(processes) as place:
        return sweep(subspace, data, plan, values, out, reporter=reporter, place=place)


def _place(processes: int) -> AbstractContextManager[Workplace]:
    return on_ray(processes) if processes else nullcontext(Workplace())
