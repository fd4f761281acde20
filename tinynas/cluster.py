"""A Ray cluster for jobs of this process: the one that `RAY_ADDRESS` names, or one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tinynas.paths import enable_service_imports
from tinynas.pipeline import Workplace


@contextmanager
def on_ray(processes: int) -> Iterator[Workplace]:
    """A workplace of so many processes at a time; a cluster of its own ends with the block."""
    enable_service_imports()
    from worker.cluster import Cluster
    from worker.place import ray_workplace

    with TemporaryDirectory(prefix="tn-") as folder:
        cluster = Cluster(cpus=processes, folder=Path(folder))
        try:
            yield ray_workplace(cluster, actors=lambda: processes)
        finally:
            cluster.close()
