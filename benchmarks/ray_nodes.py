"""A job over two Ray nodes and PostgreSQL; one node is killed, the job finds the same candidates.

    python -m benchmarks.ray_nodes postgresql+psycopg://tinynas@127.0.0.1:5432/test

Two raylets on this machine, one CPU each; the database is emptied first.  The node is killed
(SIGKILL to its raylet and all of its processes) while candidates are being measured on it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from api.store import JobState, Store, create_job, downgrade, find_job, list_candidates
from tinynas.paths import service_root, share_cores
from tinynas.pipeline import run_pipeline
from tinynas.progress import Event, Reporter
from tinynas.request import Effort, JobRequest

REQUEST = JobRequest(
    "digits",
    "stm32f411xe",
    32 << 10,
    128 << 10,
    effort=Effort(train_images=2000, evaluations=24, finetune_images=500),
    simulator="unicorn",
)
PATIENCE_SECONDS = 3600
LOOPBACK = "127.0.0.1"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("database_url")
    options = parser.parse_args()
    share_cores()
    os.environ |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(service_root()),
    }
    with tempfile.TemporaryDirectory(prefix="tn-", dir="/tmp") as folder:
        expected = _alone(Path(folder) / "alone")
        found, nodes = _on_nodes(Path(folder) / "home", options.database_url)
    same = [_figures(c) for c in expected] == [_figures(c) for c in found]
    sys.stdout.write(json.dumps({"candidates": len(found), "same": same, "nodes": nodes}) + "\n")
    return 0 if same and len(nodes["measured_on"]) == 2 else 1


def _alone(folder: Path) -> list[dict[str, Any]]:
    """The candidates of the same job, undisturbed, in one process."""
    return run_pipeline(REQUEST, folder, reporter=Reporter(listener=_say)).candidates


def _figures(candidate: dict[str, Any]) -> tuple[Any, ...]:
    names = ("id", "accuracy", "sram_bytes", "flash_bytes", "macs")
    return (*(candidate[n] for n in names), json.dumps(candidate["architecture"]))


def _say(event: Event) -> None:
    if event.kind == "step_finished":
        sys.stderr.write(f"alone: {event.step} finished\n")


def _on_nodes(home: Path, database_url: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    import ray
    from ray.cluster_utils import Cluster

    from worker.pipeline import load_pipeline
    from worker.settings import WorkerSettings
    from worker.supervisor import Supervisor

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "node_ip_address": LOOPBACK}
    )
    second = cluster.add_node(num_cpus=1, node_ip_address=LOOPBACK)
    os.environ["RAY_ADDRESS"] = cluster.address
    downgrade(Store(database_url).engine, "base")
    settings = WorkerSettings(home=home, database_url=database_url)
    store = settings.open_store()
    with store.write() as session:
        job_id = create_job(session, REQUEST.to_json(), name="two nodes")[0].id
    supervisor = Supervisor(settings, load_pipeline)
    worker = threading.Thread(target=supervisor.run)
    worker.start()
    nodes: dict[str, Any] = {"started": 2, "measured_on": []}
    try:
        ray.init(address=cluster.address, log_to_driver=False, _node_ip_address=LOOPBACK)
        _until(lambda: _both_measure(store, job_id, nodes))
        nodes["candidates_when_killed"] = _count(store, job_id)
        cluster.remove_node(second, allow_graceful=False)
        _until(lambda: _state(store, job_id).final)
        nodes["alive_at_the_end"] = sum(node["Alive"] for node in ray.nodes())
        with store.read() as session:
            job = find_job(session, job_id)
            assert job is not None
            assert job.state == JobState.SUCCEEDED, job.error
            nodes["attempts"] = job.attempts
            found = [c.data for c in list_candidates(session, job_id, limit=1000)]
    finally:
        supervisor.stop()
        worker.join()
        ray.shutdown()
        cluster.shutdown()
        store.close()
    return found, nodes


def _both_measure(store: Store, job_id: str, nodes: dict[str, Any]) -> bool:
    """Whether actors are alive on both nodes, and candidates come in."""
    from ray._private import state  # the public way asks Ray's dashboard, which is not here

    assert not _state(store, job_id).final, "the job ended before a node could be killed"
    actors = [a for a in state.actors().values() if a["State"] == "ALIVE"]
    places = {a["Address"]["NodeID"] for a in actors if "_Measurer" in a["ActorClassName"]}
    nodes["measured_on"] = sorted(places)
    return len(nodes["measured_on"]) == 2


def _state(store: Store, job_id: str) -> JobState:
    with store.read() as session:
        job = find_job(session, job_id)
        assert job is not None
        return JobState(job.state)


def _count(store: Store, job_id: str) -> int:
    with store.read() as session:
        return len(list_candidates(session, job_id, limit=1000))


def _until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
