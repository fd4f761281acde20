"""A job in this process, its subnets measured here or by Ray actors."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tinynas.paths import enable_service_imports
from tinynas.pipeline import JobResult, run_fleet, run_pipeline
from tinynas.progress import Listener, Reporter
from tinynas.request import JobRequest
from tinynas.search import EvaluatorFactory, LocalEvaluator


def run_here(request: JobRequest, out: Path, *, listener: Listener, workers: int) -> JobResult:
    """The job in folder `out`; with `workers`, that many Ray actors evaluate."""
    reporter = Reporter(listener=listener)
    with ExitStack() as stack:
        evaluators = ray_evaluators(workers, stack) if workers else LocalEvaluator
        return run_pipeline(request, out, reporter=reporter, evaluators=evaluators)


def run_fleet_here(
    requests: list[JobRequest], out: Path, *, listener: Listener, workers: int
) -> list[JobResult]:
    """Several devices from one supernet, each in a folder of `out`."""
    reporter = Reporter(listener=listener)
    with ExitStack() as stack:
        evaluators = ray_evaluators(workers, stack) if workers else LocalEvaluator
        return run_fleet(requests, out, reporter=reporter, evaluators=evaluators)


def ray_evaluators(workers: int, stack: ExitStack) -> EvaluatorFactory:
    """Evaluators on a cluster that lives as long as `stack`."""
    enable_service_imports()
    from worker.cluster import Cluster
    from worker.evaluator import RayEvaluator

    folder = Path(stack.enter_context(TemporaryDirectory(prefix="tn-")))
    cluster = Cluster(cpus=workers, folder=folder)
    stack.callback(cluster.close)
    return lambda task: RayEvaluator(task, cluster, actors=lambda: workers)
