"""Stage 1 as a step of a job: the subspace that is trained and searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tinynas.errors import InvalidInputError
from tinynas.pipeline.files import read_json, write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.spaces import Subspace
from tinynas.subspace import SubspaceTable, choose_subspace, plot_subspaces

_ROOMS = ("cost", "devices", "schedule", "subspace")


def choose(job: Job) -> tuple[StepOutput, Subspace]:
    """Stage 1: `subspaces.json` and its picture."""

    def work(step: Workspace) -> None:
        table = subspaces_of(job)
        if job.given is not None:
            table = _narrowed(table, job, job.given[1].subspace)
        write_json(step.out / "subspaces.json", table.to_json())
        plot_subspaces(table, step.out / "subspaces.svg")

    inputs = job.key(
        **job.budget_key(),
        resolutions=list(job.resolutions),
        given=None if job.given is None else repr(job.given[1].subspace),
    )
    output = job.steps.run("subspace", inputs, work, rooms=_ROOMS)
    table = read_json(output.path / "subspaces.json")
    # Who looks at a candidate later needs to know what for, and has no data set to ask.
    task = {"classes": job.classes, "input_channels": job.input_channels}
    job.reporter.of_step("subspace").emit("subspaces", **table, task=task)
    return output, _searched(job, table)


def _searched(job: Job, table: dict[str, Any]) -> Subspace:
    """The chosen width at the chosen resolution or, where they are a choice of every network, at
    those at which networks of this width fit."""
    chosen = table["chosen"]
    if not job.searches_resolutions:
        return Subspace(job.space, chosen["width"], chosen["resolution"])
    rows = [
        row
        for row in table["subspaces"]
        if row["width"] == chosen["width"] and row["resolution"] in job.resolutions
    ]
    fitting = [row["resolution"] for row in rows if row["fits"] > 0]
    left = sorted({row["resolution"] for row in rows} - set(fitting))
    if left:
        job.reporter.of_step("subspace").emit(
            "log",
            message=f"no network of width {chosen['width']:g} fits at "
            f"{', '.join(map(str, left))} pixels; searched are {', '.join(map(str, fitting))}",
        )
    return at_resolutions(Subspace(job.space, chosen["width"], max(fitting)), fitting)


def at_resolutions(subspace: Subspace, resolutions: Sequence[int]) -> Subspace:
    """The subspace with these as a choice of every network."""
    space = subspace.space.with_resolutions(resolutions)
    return Subspace(space, subspace.width, max(resolutions))


def subspaces_of(job: Job) -> SubspaceTable:
    """Stage 1's table for the job's budget."""
    return choose_subspace(
        job.space,
        job.budget,
        classes=job.classes,
        input_channels=job.input_channels,
        device=job.device,
        seed=job.request.seed,
        schedules=job.request.schedules,
        fed=job.request.fed,
        resolutions=job.compared,
        compiler=job.compiler,
    )


def _narrowed(table: SubspaceTable, job: Job, subspace: Subspace) -> SubspaceTable:
    """The table with the supernet's subspace chosen.

    Raises:
        InvalidInputError: none of its networks fits.
    """
    name = job.request.supernet
    wanted = {(subspace.width, resolution) for resolution in job.resolutions}
    own = [
        row
        for row in table.rows
        if row.fits > 0 and (row.subspace.width, row.subspace.resolution) in wanted
    ]
    if not own:
        sizes = ", ".join(map(str, subspace.resolutions))
        raise InvalidInputError(
            f"supernet {name} (width {subspace.width:g}, {sizes} pixels) has no "
            "network that fits the budget",
            field="supernet",
            given=name,
            allowed=f"a larger budget, or a supernet of a subspace such as width "
            f"{table.chosen.width:g}, {table.chosen.resolution} pixels",
        )
    return replace(table, chosen_row=max(own, key=lambda row: row.score))
