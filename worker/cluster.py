"""The Ray cluster of a job: the one that `RAY_ADDRESS` names, or one of its own on this machine."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from pathlib import Path
from types import ModuleType

from tinynas.errors import TinynasError

# Ray reads these when it is imported and when it starts its processes.
_ENVIRONMENT = {
    "RAY_worker_niceness": "0",  # evaluations are the work, not something beside it
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS": "0",
}
# A node address of 127.0.0.1 is replaced by one that others reach, unless clusters of several
# machines are ruled out; this variable does, whatever the system.
_LOCAL = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}

STARTS = 3
"""Ray gives a node 30 seconds to start, which a machine that is busy may need more than once."""


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
        os.environ.update(_ENVIRONMENT)
        if local:
            os.environ.update(_LOCAL, RAY_AUTH_TOKEN=secrets.token_hex(32))
        import ray  # takes a while, and its environment has to be set first

        if not local:
            ray.init(log_to_driver=False, logging_level=logging.ERROR)
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

    def close(self, *, wait: bool = True) -> None:
        """End what was started, in the background where nobody waits for it."""
        self._closing.set()
        if wait:
            self._thread.join()
