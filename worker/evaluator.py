"""Subnets measured by Ray actors: each holds the supernet's weights and the images once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinynas.search import EvaluationTask
from tinynas.spaces import Architecture
from worker.cluster import Cluster


class _Measurer:
    """What runs in an actor."""

    def __init__(self, task: EvaluationTask) -> None:
        self._task = task

    def measure(self, architecture: Architecture) -> float:
        return self._task.measure(architecture)


class RayEvaluator:
    """Measures on `actors` processes, wherever the cluster has room for them; the cluster is its
    own, and ends with it.

    Ray replaces an actor that has died and asks it again, so a result is late then, not lost; an
    error that `measure` itself raises is raised here.
    """

    def __init__(self, task: EvaluationTask, cluster: Cluster, *, actors: int) -> None:
        self._cluster = cluster
        ray = cluster.ray()
        # Once into the object store; every actor of a node reads the same copy of the images.
        reference = ray.put(task)
        remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(_Measurer)
        self._actors: list[Any] = [remote.remote(reference) for _ in range(actors)]

    def evaluate(self, architectures: Sequence[Architecture]) -> list[float]:
        """Accuracies in the order of `architectures`, whichever actor is done first."""
        from ray.exceptions import RayTaskError
        from ray.util import ActorPool

        pool: Any = ActorPool(self._actors)
        try:
            return list(pool.map(lambda actor, a: actor.measure.remote(a), architectures))
        except RayTaskError as error:
            raise error.cause from error

    def close(self) -> None:
        """Give back the processors and the memory; what comes next need not wait for that."""
        self._cluster.close(wait=False)
