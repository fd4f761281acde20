"""The finish: one finalist, or several that compete, fine-tuned from the supernet's weights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tinynas.contest import Contest, Standing, contestant_folder
from tinynas.data import Dataset, Split
from tinynas.effort import finetune_images
from tinynas.errors import InvalidInputError
from tinynas.finetune import LEARNING_RATE, WEIGHTS, Finetuned, FinetuneTask
from tinynas.pipeline.curves import Curves
from tinynas.pipeline.files import load_weights, read_json, save_weights, write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.pipeline.training import load_supernet, plan_key, shared_plan, single_plan
from tinynas.progress import Event, Reporter
from tinynas.search import keep_back
from tinynas.spaces import Architecture, Subspace, network_of
from tinynas.supernet import Subnet, Supernet, recalibrate

FINALISTS = "finalists.json"
_ROOMS = ("contest.py", "data", "finetune", "supernet")


def finalists(job: Job, searched: StepOutput) -> list[int]:
    """The numbers of the candidates that are fine-tuned, the most promising first: the request's
    candidate alone, or as many as it asks for.

    Raises:
        InvalidInputError: the search has no candidate of the request's number.
    """
    found = read_json(searched.path / "candidates.json")
    wanted, candidates = job.request.candidate, found["candidates"]
    if wanted is not None and wanted not in {c["id"] for c in candidates}:
        raise InvalidInputError(
            f"candidate {wanted} is none of the {len(candidates)} that were found",
            field="candidate",
            given=wanted,
            allowed="the number of a candidate",
        )
    if wanted is not None:
        return [wanted]

    def promise(candidate: dict[str, Any]) -> tuple[float, ...]:
        executed = candidate["macs"] + candidate["recomputed_macs"]
        return -candidate["accuracy"], executed, candidate["id"]

    # Those that were measured anew on images of their own come first, in that order.
    ranked = [f["id"] for f in found["finalists"]] or [found["best"]]
    ranked += [c["id"] for c in sorted(candidates, key=promise) if c["id"] not in ranked]
    return ranked[: job.effort.finalists]


def improve(
    job: Job, subspace: Subspace, trained: StepOutput, searched: StepOutput, numbers: Sequence[int]
) -> StepOutput:
    """Fine-tune the finalists with the largest subnet as their teacher: `subnet.pt`, the state dict
    of the best; `finalists.json`, which it is, and what became of each."""
    workers = job.request.workers
    seen = read_json(trained.path / "effort.json")["train_images"]
    plan = single_plan(job, job.effort.finetune_images or finetune_images(seen), LEARNING_RATE)
    # Finalists that compete have one worker each, however many compete at a time.
    plan = shared_plan(plan, workers if len(numbers) == 1 else len(numbers))
    architectures = [architecture_of(subspace, searched, number) for number in numbers]

    def work(step: Workspace) -> None:
        supernet = load_supernet(job, subspace, trained)
        tasks = []
        for architecture in architectures:
            dataset = job.dataset.at(subspace.resolution_of(architecture))
            teacher = teacher_of(job, supernet, architecture, dataset)
            start = supernet.subnet(architecture)
            recalibrate(start, dataset.calibration_images(seed=job.request.seed))
            tasks.append(FinetuneTask(start, teacher, dataset, plan))
        if len(tasks) == 1:
            _alone(job, step, tasks[0])
            standings, best = [Standing((), stopped=False)], 0
        else:
            contest = Contest(tuple(Finetuned(task, _held(job, task)) for task in tasks))
            standings = job.place.compete(contest, step.partial, _apart(step, len(tasks)))
            best = contest.winner(standings)
            won = contestant_folder(step.partial, best)
            shutil.copy(won / WEIGHTS, step.out / "subnet.pt")
            Curves(won).save(step.out)
        write_json(
            step.out / FINALISTS,
            {"best": numbers[best], "finalists": _records(numbers, standings)},
        )

    inputs = job.key(
        supernet=trained.key,
        finalists=[[n, *a.row] for n, a in zip(numbers, architectures, strict=True)],
        resolutions=list(subspace.resolutions),
        plan=plan_key(plan),
        workers=workers if len(numbers) == 1 else 1,
    )
    return job.steps.run("finetune", inputs, work, rooms=_ROOMS)


def teacher_of(
    job: Job, supernet: Supernet, architecture: Architecture, dataset: Dataset
) -> Subnet:
    """The largest network at an architecture's resolution, which is that of `dataset`."""
    largest = architecture.space.largest.at(architecture.resolution)
    teacher = supernet.subnet(largest)
    recalibrate(teacher, dataset.calibration_images(seed=job.request.seed))
    return teacher


def _alone(job: Job, step: Workspace, task: FinetuneTask) -> None:
    curves = Curves(step.partial)
    weights = job.place.train(
        task,
        job.request.workers,
        step.partial / "checkpoint.pt",
        curves.reporter(step.reporter),
    )
    curves.save(step.out)
    save_weights(weights, step.out / "subnet.pt")


def _apart(step: Workspace, count: int) -> Reporter:
    """The step's reporter, for contestants: each one's curves are kept in its own folder."""
    curves = []
    for number in range(count):
        folder = contestant_folder(step.partial, number)
        folder.mkdir(exist_ok=True)
        curves.append(Curves(folder).reporter(Reporter()))

    def listen(event: Event) -> None:
        if event.kind == "metric":
            data = dict(event.data)
            curves[data.pop("contestant")].emit("metric", **data)
        else:
            step.reporter.listener(event)

    return replace(step.reporter, listener=listen)


def _held(job: Job, task: FinetuneTask) -> Split:
    """The images that finalists compete on."""
    searched, held = keep_back(task.dataset.validation, seed=job.request.seed)
    return searched if held is None else held


def _records(numbers: Sequence[int], standings: Sequence[Standing]) -> list[dict[str, Any]]:
    return [
        {"id": number, "accuracies": list(standing.scores), "stopped": standing.stopped}
        for number, standing in zip(numbers, standings, strict=True)
    ]


def deployed(tuned: StepOutput) -> int:
    """The number of the candidate that is deployed."""
    return int(read_json(tuned.path / FINALISTS)["best"])


def architecture_of(subspace: Subspace, searched: StepOutput, number: int) -> Architecture:
    """A candidate's."""
    found = read_json(searched.path / "candidates.json")["candidates"]
    chosen = next(c for c in found if c["id"] == number)
    return Architecture.from_json(subspace.space, chosen["architecture"])


def load_subnet(
    job: Job, subspace: Subspace, architecture: Architecture, tuned: StepOutput
) -> Subnet:
    network = network_of(
        subspace, architecture, classes=job.classes, input_channels=job.input_channels
    )
    subnet = Subnet(network)
    load_weights(subnet, tuned.path / "subnet.pt")
    return subnet.eval()
