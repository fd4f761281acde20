"""Stage 2 as a step of a job: subnets that fit are measured, the best are looked at again."""

from __future__ import annotations

import shutil

from tinynas.data import Split
from tinynas.objectives import DEFAULT_ENGINE
from tinynas.pipeline.files import write_json
from tinynas.pipeline.job import Job
from tinynas.pipeline.steps import StepOutput, Workspace
from tinynas.pipeline.training import load_supernet
from tinynas.progress import Reporter
from tinynas.search import (
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
from tinynas.supernet import data_for

FINAL_STATISTICS = 2048
"""Training images for the batch-norm statistics of finalists."""
STUDY = "study.journal"
"""The search as Optuna keeps it: `optuna-dashboard study.journal` shows it."""
_ROOMS = (
    *("cost", "data", "devices", "objectives.py"),
    *("schedule", "search", "subspace", "supernet"),
)


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
                    job.request.objectives,
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
        found = _outcome_json(outcome, finalists, searched)
        write_json(step.out / "candidates.json", found)
        warn_of_chance(outcome.best.accuracy, searched, step.reporter)

    inputs = job.key(
        **job.budget_key(),
        supernet=trained.key,
        evaluations=job.effort.evaluations,
        engine=job.request.engine,
        objectives=list(job.request.objectives),
        resolutions=list(subspace.resolutions),
    )
    return job.steps.run("search", inputs, work, rooms=_ROOMS)


def warn_of_chance(accuracy: float, split: Split, reporter: Reporter) -> None:
    """Says so where the best network found has learnt nothing that can be told from chance."""
    if accuracy <= split.chance + 3 * standard_error(split.chance, split.images_alike):
        reporter.emit(
            "log",
            message=f"warning: the best network found has {accuracy:.1%}, always saying the same "
            f"class has {split.chance:.1%}: its training saw too few images or diverged, or labels "
            "do not go with images",
        )


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
    outcome: SearchOutcome, finalists: list[Finalist], searched: Split
) -> dict[str, object]:
    front = pareto_front(outcome.candidates)
    best = outcome.best
    return {
        "best": finalists[0].id if finalists else best.id,
        "images": len(searched),
        "standard_error": standard_error(best.accuracy, searched.images_alike),
        "finalists": [finalist.to_json() for finalist in finalists],
        "refused": outcome.refused,
        "repeated": outcome.repeated,
        "refusals": outcome.refusals,
        "candidates": [
            c.to_json(pareto=bool(p)) for c, p in zip(outcome.candidates, front, strict=True)
        ],
    }
