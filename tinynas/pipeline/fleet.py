"""Several devices served from one supernet: trained once, searched for each (once-for-all,
arXiv:1908.09791)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tinynas.errors import InvalidInputError
from tinynas.pipeline import choosing, deploying, training
from tinynas.pipeline.job import Job
from tinynas.pipeline.run import JobResult, describe_data, run_pipeline
from tinynas.pipeline.workplace import Workplace
from tinynas.progress import Reporter
from tinynas.request import SUPERNET, JobRequest, check_request, starting_from
from tinynas.search import remembering
from tinynas.spaces import Subspace
from tinynas.subspace import SubspaceTable

ACCURACIES = "accuracies.jsonl"


def run_fleet(
    requests: list[JobRequest],
    folder: Path,
    *,
    reporter: Reporter | None = None,
    place: Workplace | None = None,
) -> list[JobResult]:
    """One job a request, each in `folder/<device>`, all from `folder/supernet.safetensors`.

    The requests are alike but for device and budget.  Networks that one device's search has
    measured are not measured again for the next.

    Raises:
        InvalidInputError: no requests, a device twice, or budgets that no subspace serves all of.
        and whatever `run_pipeline` raises; what is finished is found again.
    """
    reporter, place = reporter or Reporter(), place or Workplace()
    names = _names(requests)
    for request in requests:
        check_request(request)
        deploying.check_tools(request)
    if requests[0].supernet is None:
        first = Job(requests[0], folder / "common", reporter, place)
        describe_data(first)
        alike = in_one_space(requests, first.dataset.native_resolution)
        jobs = [Job(request, folder / "common", reporter, place) for request in alike]
        tables = [choosing.subspaces_of(job) for job in jobs]
        subspace = common_subspace(tables, names)
        if jobs[0].searches_resolutions:
            subspace = choosing.at_resolutions(subspace, _fitting(tables, subspace.width))
        trained = training.train(jobs[0], subspace)
        path = folder / SUPERNET
        training.export_supernet(jobs[0], subspace, trained, path)
        # What it was trained at is what is searched: that may be less than was asked for.
        requests = [replace(starting_from(r, str(path)), resolutions=None) for r in requests]
    place = replace(place, evaluators=remembering(place.evaluators, folder / ACCURACIES))
    return [
        run_pipeline(request, folder / name, reporter=reporter, place=place)
        for name, request in zip(names, requests, strict=True)
    ]


def _names(requests: list[JobRequest]) -> list[str]:
    names = [request.target.name.lower() for request in requests]
    twice = {name for name in names if names.count(name) > 1}
    if not names or twice:
        given = sorted(twice) or names
        raise InvalidInputError(
            f"devices: {', '.join(given)} is there twice" if twice else "devices: none given",
            field="devices",
            given=given,
            allowed="one or more different devices",
        )
    return names


def in_one_space(requests: list[JobRequest], native_resolution: int) -> list[JobRequest]:
    """The requests with one space, where none is asked for that of the least SRAM: its networks fit
    the others, too."""
    least = min(requests, key=lambda request: request.budget.sram_bytes)
    name = requests[0].space or least.space_for(native_resolution).name
    return [replace(request, space=name) for request in requests]


def _fitting(tables: list[SubspaceTable], width: float) -> list[int]:
    """The resolutions at which any device has networks of this width that fit."""
    rows = [row for table in tables for row in table.rows if row.fits > 0]
    return [row.subspace.resolution for row in rows if row.subspace.width == width]


def common_subspace(tables: list[SubspaceTable], names: list[str]) -> Subspace:
    """The subspace whose score, as a share of each device's best, is largest on average.

    Every device must have networks that fit in it.

    Raises:
        InvalidInputError: there is no such subspace; says which device asks for least.
    """
    best: tuple[float, Subspace] | None = None
    for rows in zip(*(table.rows for table in tables), strict=True):
        if all(row.fits > 0 for row in rows):
            shares = [
                row.score / table.chosen_row.score for row, table in zip(rows, tables, strict=True)
            ]
            if best is None or sum(shares) > best[0]:
                best = sum(shares), rows[0].subspace
    if best is None:
        least = min(range(len(tables)), key=lambda i: tables[i].budget.sram_bytes)
        raise InvalidInputError(
            f"no subspace has networks for all of {', '.join(names)}; "
            f"{names[least]} has the least SRAM ({tables[least].budget.sram_bytes} bytes)",
            field="devices",
            given=names,
            allowed="budgets that are nearer to each other",
        )
    return best[1]


def fleet_json(results: list[JobResult]) -> dict[str, Any]:
    """One object with the summary of each device's job."""
    return {"devices": [result.to_json() for result in results]}
