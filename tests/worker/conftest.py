"""A store in a temporary folder, workers on it, and a Ray cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import training_tasks
from worker_service import Service

from worker.cluster import Cluster
from worker.settings import WorkerSettings


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = WorkerSettings(
        home=tmp_path, lease_seconds=2, poll_seconds=0.05, grace_seconds=0.5, evaluators=1
    )
    service = Service(settings)
    yield service
    service.store.close()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of two CPUs that knows the tests' own trainings."""
    with tempfile.TemporaryDirectory(prefix="tn-", dir="/tmp") as folder:
        cluster = Cluster(cpus=2, folder=Path(folder))
        cluster.ray().cloudpickle.register_pickle_by_value(training_tasks)
        yield cluster
        cluster.close()
