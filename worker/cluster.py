"""The Ray cluster of a job: the one that `RAY_ADDRESS` names, or one of its own on this machine."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

from tinynas.errors import TinynasError
from tinynas.paths import service_environment
from tinynas.progress import Reporter

_ENVIRONMENT = {
    "RAY_worker_niceness": "0",  # evaluations are the work, not something beside it
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # scores are written by us
    "RAY_TRAIN_METRICS_ENABLED": "0",  # nobody collects them
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # how soon the end of a worker is noticed
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",
}
"""Where the operator's environment does not say something else."""
# A node address of 127.0.0.1 is replaced by one that others reach, unless clusters of several
# machines are ruled out; this variable does, whatever the system.
_LOCAL = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # the one node goes when we do
}

_TOKEN = secrets.token_hex(32)
"""Of this process's clusters: Ray reads it once, so a second start needs the same."""
ROOM_SECONDS = 300.0
"""How long a training waits for nodes that are not there yet."""
STARTS = 3
"""Ray gives a node 30 seconds to start, which a machine that is busy may need more than once."""


def set_environment(*, local: bool) -> None:
    """What Ray reads when it is imported and when it starts its processes.

    Raises:
        TinynasError: somebody imported Ray before, so that it would not protect a local cluster.
    """
    if local and "ray" in sys.modules and os.environ.get("RAY_AUTH_MODE") != "token":
        raise TinynasError(
            "Ray was imported before, without the settings of a cluster of our own, which it reads "
            "only then: import ray later, or start a cluster and name it in RAY_ADDRESS"
        )
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if local:
        os.environ.update(service_environment(), **_LOCAL, RAY_AUTH_TOKEN=_TOKEN)


class Cluster:
    """Starts in the background, so that a job need not wait for it until it evaluates."""

    def __init__(self, *, cpus: int, folder: Path) -> None:
        """`folder` takes a local cluster's sessions; its path must be short (it names sockets)."""
        self._cpus = cpus
        self._folder = folder
        self._error: Exception | None = None
        self._tried = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._hold, name="ray", daemon=True)
        self._thread.start()

    def _hold(self) -> None:
        local = "RAY_ADDRESS" not in os.environ
        for _ in range(STARTS if local else 1):
            try:
                self._connect(local)
                self._error = None
                break
            except Exception as error:  # raised again where the cluster is needed
                self._error = error
                self._disconnect()
        self._tried.set()
        # Ray's processes die with the thread that started them (Linux counts threads as parents),
        # so it stays, and is the one that ends them.
        self._closing.wait()
        self._disconnect()

    def _disconnect(self) -> None:
        import ray

        ray.shutdown()

    def _connect(self, local: bool) -> None:
        set_environment(local=local)
        import ray  # takes a while, and its environment has to be set first

        if not local:
            hook = {"worker_process_setup_hook": "tinynas.paths.enable_service_imports"}
            ray.init(log_to_driver=False, logging_level=logging.ERROR, runtime_env=hook)
            return
        ray.init(
            num_cpus=self._cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=str(self._folder),
            _node_ip_address="127.0.0.1",
        )

    def ray(self) -> ModuleType:
        """Ray, connected.

        Raises:
            TinynasError: it could not be started or reached.
        """
        self._tried.wait()
        if self._error is not None:
            where = os.environ.get("RAY_ADDRESS", "this machine")
            raise TinynasError(f"no Ray cluster on {where}: {self._error}") from self._error
        import ray

        module: ModuleType = ray
        return module

    def cpus(self) -> int:
        """CPUs that the cluster has at the moment, of all nodes that live."""
        return int(self.ray().cluster_resources().get("CPU", 0))

    def await_room(self, workers: int, reporter: Reporter) -> bool:
        """Return when the cluster has a GPU or, where it has not so many, a CPU for each of so
        many workers: whether it is GPUs.  Nodes may come meanwhile.

        Raises:
            TinynasError: it has too few for a long time.
            CancelledError: the reporter was told to stop.
        """
        deadline = time.monotonic() + ROOM_SECONDS
        while True:
            reporter.raise_if_cancelled()
            found = self.ray().cluster_resources()
            if found.get("GPU", 0) >= workers and os.environ.get("TINYNAS_DEVICE") != "cpu":
                return True
            if found.get("CPU", 0) >= workers:
                return False
            if time.monotonic() > deadline:
                self.demand_cpus(workers)
            time.sleep(0.5)

    def demand_cpus(self, workers: int) -> None:
        """Raises:
        TinynasError: the cluster has not a CPU for each of so many workers.
        """
        if (cpus := self.cpus()) < workers:
            raise TinynasError(
                f"{workers} workers shall train, but of CPUs the cluster has {cpus}",
                remedy="add nodes to the cluster, then resume the job, or ask for fewer",
                workers=workers,
                cpus=cpus,
            )

    def close(self, *, wait: bool = True) -> None:
        """End what was started, in the background where nobody waits for it."""
        self._closing.set()
        if wait:
            self._thread.join()
