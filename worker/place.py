"""A cluster as the place where a job's heavy work is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinynas.contest import Contest, Standing, compete_here
from tinynas.pipeline import Workplace
from tinynas.progress import Reporter
from tinynas.supernet import TrainingTask, Weights
from worker.cluster import Cluster
from worker.evaluator import RayEvaluator
from worker.training import train_on_ray
from worker.tuning import compete_on_ray


def ray_workplace(
    cluster: Cluster,
    *,
    actors: Callable[[], int],
    memory_bytes: int | None = None,
    only_search: bool = False,
) -> Workplace:
    """
    Args:
        actors: how many networks may be measured, or finalists trained, at a time; asked again
            and again.
        memory_bytes: what Ray sets aside for each that measures.
        only_search: nothing else will be asked of the cluster, so it ends with the search.
    """

    def train(task: TrainingTask, workers: int, checkpoint: Path, reporter: Reporter) -> Weights:
        if workers == 1:  # this process is one
            return task.run(checkpoint, reporter)
        return train_on_ray(cluster, task, workers, checkpoint, reporter)

    def compete(contest: Contest, folder: Path, reporter: Reporter) -> list[Standing]:
        if (places := actors()) == 1:
            return compete_here(contest, folder, reporter)
        return compete_on_ray(cluster, contest, places, folder, reporter)

    return Workplace(
        evaluators=lambda task: RayEvaluator(
            task,
            cluster,
            actors=actors,
            memory_bytes=memory_bytes,
            # What comes next need not wait for it.
            ended=(lambda: cluster.close(wait=False)) if only_search else (lambda: None),
        ),
        train=train,
        compete=compete,
    )
