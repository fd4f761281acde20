"""The library's pipeline with this service's cluster behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinynas.progress import Reporter
from tinynas.request import JobRequest
from worker.cluster import Cluster
from worker.job import Inputs, Pipeline
from worker.settings import WorkerSettings, usable_cpus


def load_pipeline(settings: WorkerSettings, scratch: Path) -> Pipeline:
    """What does a job's work; `scratch` takes the files of a local cluster."""
    # Torch takes seconds to import: here, so that only the process that needs it does.
    from tinynas.pipeline import run_pipeline
    from worker.place import ray_workplace

    def run(
        request: JobRequest, folder: Path, reporter: Reporter, inputs: Inputs
    ) -> dict[str, Any]:
        cpus = max(settings.evaluators or usable_cpus(), request.workers)
        cluster = Cluster(cpus=cpus, folder=scratch)
        try:
            return run_pipeline(
                request,
                folder,
                reporter=reporter,
                data=inputs.data,
                supernet=inputs.supernet,
                studies=settings.database_url,  # embedded, a file of the search step keeps it
                place=ray_workplace(
                    cluster,
                    actors=lambda: _actors(settings, cluster),
                    memory_bytes=settings.evaluator_memory_bytes,
                    only_search=request.workers == 1 and (request.effort.finalists or 1) == 1,
                ),
            ).to_json()
        finally:
            cluster.close()

    return run


def _actors(settings: WorkerSettings, cluster: Cluster) -> int:
    """As many as may be and have a CPU each; one at least, for it may wait for a node to come."""
    return max(1, min(settings.evaluators or cluster.cpus(), cluster.cpus()))
