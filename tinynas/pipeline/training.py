"""The supernet as a step of a job: trained, or taken as it is given; and plans of trainings."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from tinynas.pipeline.curves import Curves
from tinynas.pipeline.effort import images_in
from tinynas.pipeline.files import load_weights, read_json, save_weights, write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.spaces import Subspace, definition_of
from tinynas.supernet import Supernet, SupernetCard, SupernetTask, TrainingPlan, save_supernet
from tinynas.supernet import load_supernet as read_supernet

_ROOMS = ("data", "supernet")


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
    return job.steps.run("supernet", inputs, work, rooms=_ROOMS)


def _taken(job: Job, path: Path, card: SupernetCard) -> StepOutput:
    def work(step: Workspace) -> None:
        write_json(step.out / "effort.json", {"train_images": card.train_images})
        Curves(step.partial).save(step.out)
        save_weights(read_supernet(path)[0].state_dict(), step.out / "supernet.pt")

    if card.dataset != job.dataset.name:
        job.reporter.of_step("supernet").emit(
            "log",
            message=f"warning: supernet {job.request.supernet} was trained on {card.dataset}; "
            f"if that has images that {job.dataset.name} is tested by, accuracies are too good",
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return job.steps.run("supernet", job.key(given=digest), work, rooms=("supernet",))


def export_supernet(job: Job, subspace: Subspace, trained: StepOutput, path: Path) -> None:
    """What `train` made, with its card, as a file that other searches can start from."""
    save_supernet(load_supernet(job, subspace, trained), card_of(job, subspace, trained), path)


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
        definition=definition_of(job.space),
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
    transform = job.given is not None and job.given[1].kernel_transform
    return Supernet(
        subspace,
        job.classes,
        job.input_channels,
        seed=job.request.seed,
        kernel_transform=transform,
    )


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
