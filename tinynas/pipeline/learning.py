"""The steps that learn before there is a winner: stage 1, supernet, stage 2.

Each function is one step: it takes the job and the outputs it builds on, and returns its own.
Folders hold plain files (JSON, state dicts), so any of them can be opened.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinynas.errors import InvalidInputError
from tinynas.pipeline.curves import Curves
from tinynas.pipeline.effort import images_in
from tinynas.pipeline.files import load_weights, read_json, save_weights, write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.search import (
    DEFAULT_ENGINE,
    EvaluationTask,
    Feasibility,
    Finalist,
    SearchOutcome,
    SearchPlan,
    keep_back,
    pareto_front,
    rerank,
    search,
    standard_error,
)
from tinynas.spaces import Subspace
from tinynas.subspace import SubspaceTable, choose_subspace, plot_subspaces
from tinynas.supernet import (
    Supernet,
    SupernetCard,
    SupernetTask,
    TrainingPlan,
    data_for,
)
from tinynas.supernet import load_supernet as read_supernet

FINAL_STATISTICS = 2048
"""Training images for the batch-norm statistics of finalists."""
STUDY = "study.journal"
"""The search as Optuna keeps it: `optuna-dashboard study.journal` shows it."""
_PLANNING = ("cost", "devices", "schedule", "subspace")
_TRAINING = ("data", "supernet")


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
    output = job.steps.run("subspace", inputs, work, rooms=_PLANNING)
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


def train(job: Job, subspace: Subspace) -> StepOutput:
    """The supernet: `supernet.pt`, a state dict, and `effort.json`, the images it saw.

    One that is given is taken as it is.
    """
    if job.given is not None:
        return _taken(job, *job.given)
    minutes = job.request.effort.train_minutes
    workers = job.request.workers
    plan = shared_plan(training_plan(job), workers)

    def work(step: Workspace) -> None:
        supernet = _new_supernet(job, subspace)
        images = plan.images
        if minutes is not None:
            images = workers * images_in(
                minutes, supernet, job.dataset, plan, step.partial / "pace.json"
            )
        write_json(step.out / "effort.json", {"train_images": images})
        curves = Curves(step.partial)
        weights = job.place.train(
            SupernetTask(supernet, job.dataset, replace(plan, images=images)),
            workers,
            step.partial / "checkpoint.pt",
            curves.reporter(step.reporter),
        )
        curves.save(step.out)
        save_weights(weights, step.out / "supernet.pt")

    inputs = job.key(
        width=subspace.width,
        resolutions=list(subspace.resolutions),
        plan=plan_key(plan),
        minutes=minutes,
        workers=workers,
    )
    return job.steps.run("supernet", inputs, work, rooms=_TRAINING)


def _taken(job: Job, path: Path, card: SupernetCard) -> StepOutput:
    def work(step: Workspace) -> None:
        write_json(step.out / "effort.json", {"train_images": card.train_images})
        Curves(step.partial).save(step.out)
        save_weights(read_supernet(path)[0].state_dict(), step.out / "supernet.pt")

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return job.steps.run("supernet", job.key(given=digest), work, rooms=("supernet",))


def card_of(job: Job, subspace: Subspace, trained: StepOutput) -> SupernetCard:
    """The card of a supernet that `train` made."""
    return SupernetCard(
        space=job.space.name,
        width=subspace.width,
        resolution=subspace.resolution,
        classes=job.dataset.classes,
        input_channels=job.input_channels,
        dataset=job.dataset.name,
        train_images=read_json(trained.path / "effort.json")["train_images"],
        seed=job.request.seed,
        recipe=repr(replace(training_plan(job), images=1, threads=1)),
        resolutions=subspace.space.searched_resolutions,
    )


def training_plan(job: Job) -> TrainingPlan:
    """Of the supernet, by one worker."""
    request = job.request
    plan = TrainingPlan(job.effort.train_images, seed=request.seed, recipe=request.recipe)
    return replace(plan, **request.training.given())  # type: ignore[arg-type]


def single_plan(job: Job, images: int, learning_rate: float) -> TrainingPlan:
    """Of one network that starts from the supernet's weights, with the job's margin.

    `learning_rate` goes with the default of the supernet's: another changes both in proportion.
    """
    plan = TrainingPlan(images, seed=job.request.seed, margin=job.request.margin)
    own = training_plan(job)
    return replace(
        plan,
        batch_size=own.batch_size,
        weight_decay=own.weight_decay,
        label_smoothing=own.label_smoothing,
        learning_rate=learning_rate * (own.learning_rate / plan.learning_rate),
    )


def _new_supernet(job: Job, subspace: Subspace) -> Supernet:
    return Supernet(subspace, job.classes, job.input_channels, seed=job.request.seed)


def load_supernet(job: Job, subspace: Subspace, trained: StepOutput) -> Supernet:
    supernet = _new_supernet(job, subspace)
    load_weights(supernet, trained.path / "supernet.pt")
    return supernet


def shared_plan(plan: TrainingPlan, workers: int) -> TrainingPlan:
    """The plan of a training by so many workers: each of several has one thread."""
    return replace(plan, threads=1) if workers > 1 else plan


def plan_key(plan: TrainingPlan) -> str:
    """What of a plan decides the weights: not how often it is written down."""
    return repr(replace(plan, checkpoint_seconds=0.0))


def search_subnets(job: Job, subspace: Subspace, trained: StepOutput) -> StepOutput:
    """Stage 2: `candidates.json` with every candidate, which is best, what was refused.

    The best is the first of the finalists, on validation images that the search did not see.
    """

    def work(step: Workspace) -> None:
        seed, dataset = job.request.seed, data_for(subspace, job.dataset)
        supernet = load_supernet(job, subspace, trained)
        searched, held = keep_back(dataset.validation, seed=seed)
        task = EvaluationTask(supernet, dataset.calibration_images(seed=seed), searched)
        evaluator = job.place.evaluators(task)
        try:
            outcome = search(
                subspace,
                feasibility_of(job, subspace),
                evaluator,
                SearchPlan(
                    job.effort.evaluations,
                    job.request.seed,
                    job.request.engine or DEFAULT_ENGINE,
                    storage=job.studies or step.partial / STUDY,
                    identity=f"{trained.key} {job.folder.name}" if job.studies else trained.key,
                ),
                reporter=step.reporter,
            )
        finally:
            evaluator.close()
        if not job.studies:
            shutil.copy(step.partial / STUDY, step.out / STUDY)
        finalists = []
        if held is not None:
            images = dataset.calibration_images(FINAL_STATISTICS, seed=seed)
            finalists = rerank(outcome.candidates, supernet, images, held)
        found = _outcome_json(outcome, finalists, len(searched))
        write_json(step.out / "candidates.json", found)

    inputs = job.key(
        **job.budget_key(),
        supernet=trained.key,
        evaluations=job.effort.evaluations,
        engine=job.request.engine,
        resolutions=list(subspace.resolutions),
    )
    return job.steps.run("search", inputs, work, rooms=(*_PLANNING, *_TRAINING, "search"))


def feasibility_of(job: Job, subspace: Subspace) -> Feasibility:
    return Feasibility(
        subspace,
        job.classes,
        job.input_channels,
        job.budget,
        job.device,
        job.request.schedules,
        job.compiler,
        job.request.fed,
    )


def _outcome_json(
    outcome: SearchOutcome, finalists: list[Finalist], images: int
) -> dict[str, object]:
    front = pareto_front(outcome.candidates)
    best = outcome.best
    return {
        "best": finalists[0].id if finalists else best.id,
        "images": images,
        "standard_error": standard_error(best.accuracy, images),
        "finalists": [finalist.to_json() for finalist in finalists],
        "refused": outcome.refused,
        "repeated": outcome.repeated,
        "refusals": outcome.refusals,
        "candidates": [
            c.to_json(pareto=bool(p)) for c, p in zip(outcome.candidates, front, strict=True)
        ],
    }
