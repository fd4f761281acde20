"""A job over a Ray cluster of two nodes, one of which is killed: the candidates stay the same.

    python -m benchmarks.ray_nodes [--write]

PostgreSQL, two raylets of one CPU each, the API and a worker, each a process of its own, in a
network without any interface but loopback (Linux, root).  The supernet is trained by two workers,
one on each node.  Five runs of the same request: nothing happens; a training worker is killed; the
second node is killed (kill -9 of its raylet and of all its processes) in the middle of the search,
and another one comes; an actor is killed; a node is killed in the training and none comes until the
job has failed and said so, then it is resumed.
Candidates (architectures, schedules, costs, accuracies) and the generated C have to be the same in
all.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ledger import markdown, write_table
from benchmarks.service.deployment import Deployment
from benchmarks.service.isolation import isolate
from benchmarks.service.postgres import PostgreSQL
from benchmarks.service.processes import Running, kill
from benchmarks.service.subject import Outcome, submit
from tinynas.client import Client, Job
from tinynas.errors import TinynasError

JOB_SECONDS = 900.0
HEAD, SECOND, THIRD, FOURTH = "head", "second", "third", "fourth"
START_SECONDS = 45
"""How long Ray Train waits for a worker, three times: a default of five minutes proves no more."""
WARM_SECONDS = 1.0
"""Processor time that a node's actor must have spent beyond its start before it counts as used."""


@dataclass
class Run:
    """What happened to one job."""

    name: str
    job: Job | None = None
    outcome: Outcome | None = None
    after: int | None = None  # images or candidates when it was disturbed
    failed: str = ""  # with what it failed in between
    actors: dict[int, tuple[str, float, float]] = field(default_factory=dict)
    """Node, first seen and last seen processor time (s) of every process that measured."""

    def look(self, service: Deployment, nodes: list[str]) -> None:
        for node in nodes:
            for process in measuring(service, node):
                _, first, _ = self.actors.get(process.pid, ("", process.seconds, 0.0))
                self.actors[process.pid] = (node, first, process.seconds)

    def spent(self, node: str) -> float:
        """Processor time (s) that measuring took on a node."""
        return sum(last - first for name, first, last in self.actors.values() if name == node)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results")
    parser.add_argument("--evaluations", type=int, default=48)
    parser.add_argument("--train-images", type=int, default=6000)
    options = parser.parse_args()
    isolate("ray_nodes")
    effort = {
        "train_images": options.train_images,
        "evaluations": options.evaluations,
        "finetune_images": 500,
    }
    with tempfile.TemporaryDirectory(prefix="tnr-", dir="/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)
        with (
            PostgreSQL(place / "pg") as database,
            Deployment(place, database_url=database.url, lease_seconds=5) as service,
        ):
            try:
                runs = prove(service, effort)
            except (TinynasError, TimeoutError):
                for name in ("api", "worker", HEAD, SECOND):
                    sys.stderr.write(f"== {name}\n{service.log(name)}\n")
                raise
            version = database.version
    table = markdown(HEADINGS, [row(run, runs[0]) for run in runs], right=2)
    sys.stdout.write(table + "\n")
    if options.write:
        write_table("ray_nodes", "A job over two Ray nodes", ABOUT.format(version, effort), table)
    same = all(alike(run, runs[0]) for run in runs)
    return 0 if same and runs[0].spent(SECOND) > 0 and runs[1].after is not None else 1


ABOUT = """Two raylets of one CPU each on one machine, {}, API and worker as processes of their own.
A job on digits for an stm32f411xe (32 KB, 128 KB), effort `{}`.  "Measured on" is processor time of
the actors that evaluate subnets, from the first time they were seen; "when" is training images seen
in the first step that learns, candidates in the search."""
HEADINGS = [
    *("run", "what was done", "when", "state"),
    *("measured on head", "on another node", "candidates", "generated C"),
]


def prove(service: Deployment, effort: dict[str, int]) -> list[Run]:
    """The five runs."""
    service.start_ray_head()
    service.start_ray_node(SECOND, "127.0.0.2")
    service.start_api()
    service.environment["RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S"] = str(START_SECONDS)
    service.start_worker()
    nodes = [HEAD, SECOND]

    def kill_node() -> None:
        service.kill(SECOND)
        nodes.remove(SECOND)
        # Two workers fine-tune after the search: they need a CPU each.
        service.start_ray_node(THIRD, "127.0.0.3")
        nodes.append(THIRD)

    def kill_actor() -> None:
        kill(measuring(service, HEAD)[:1])

    def kill_trainer() -> None:
        kill(training(service, SECOND)[:1])

    def lose_node() -> None:
        service.kill(THIRD)
        nodes.remove(THIRD)

    def add_node() -> None:
        service.start_ray_node(FOURTH, "127.0.0.4")
        nodes.append(FOURTH)

    def used(node: str) -> Callable[[Run], bool]:
        return lambda run: run.spent(node) > WARM_SECONDS

    def trains(node: str) -> Callable[[Run], bool]:
        return lambda _: bool(training(service, node))

    wanted = [
        ("undisturbed", "search", None, used(HEAD), None),
        ("training worker killed", "supernet", kill_trainer, trains(SECOND), None),
        ("node killed", "search", kill_node, used(SECOND), None),
        ("actor killed", "search", kill_actor, used(HEAD), None),
        ("node lost", "supernet", lose_node, trains(THIRD), add_node),
    ]
    with Client(service.url) as client:
        return [
            follow(client, service, nodes, Run(name), effort, step, disturb, ready, mend)
            for name, step, disturb, ready, mend in wanted
        ]


def measuring(service: Deployment, node: str) -> list[Running]:
    """A node's processes that evaluate subnets."""
    return [p for p in service.processes(node) if p.command.startswith("ray::LocalEvaluator")]


def training(service: Deployment, node: str) -> list[Running]:
    """A node's processes that train."""
    return [p for p in service.processes(node) if p.command.startswith("ray::RayTrainWorker")]


def follow(
    client: Client,
    service: Deployment,
    nodes: list[str],
    run: Run,
    effort: dict[str, int],
    step: str,
    disturb: Callable[[], None] | None,
    ready: Callable[[Run], bool],
    mend: Callable[[], None] | None,
) -> Run:
    """Submit, watch, disturb once in a step, before its middle, and wait for the end; what needs
    mending fails first, and is resumed when it is mended.

    Raises:
        TimeoutError: it does not end.
    """
    job_id = submit(client, run.name, effort, workers=2)
    started = time.monotonic()
    while not (job := client.job(job_id)).final or (mend and not run.failed):
        if job.state == "failed" and mend:
            run.failed = str((job.error or {})["message"])
            mend()
            client.resume(job_id)
        if time.monotonic() - started > JOB_SECONDS:
            raise TimeoutError(f"{run.name}: {job.state}, {job.step}, {job.progress}")
        if job.step == "search":
            run.look(service, nodes)
        if job.step == step and disturb is not None and run.after is None:
            progress = job.progress or {"done": 0, "total": 1}
            begun = progress["done"] > 0
            if begun and 2 * progress["done"] < progress["total"] and ready(run):
                run.after = int(progress["done"])
                disturb()
        time.sleep(0.1)
    run.job = job
    run.outcome = Outcome.of(client, job)
    sys.stderr.write(f"{run.name}: {job.state} in {time.monotonic() - started:.0f} s\n")
    return run


def alike(run: Run, other: Run) -> bool:
    return run.job is not None and run.job.state == "succeeded" and run.outcome == other.outcome


def row(run: Run, first: Run) -> list[str]:
    assert run.job is not None
    assert run.outcome is not None
    assert first.outcome is not None
    return [
        run.name,
        WHAT[run.name],
        "-" if run.after is None else str(run.after),
        f"failed ({run.failed}); resumed: {run.job.state}" if run.failed else run.job.state,
        f"{run.spent(HEAD):.1f} s",
        f"{sum(run.spent(node) for node in (SECOND, THIRD, FOURTH)):.1f} s",
        _compared(run.outcome.candidates, first.outcome.candidates),
        _compared(run.outcome.code, first.outcome.code),
    ]


def _compared(found: str, reference: str) -> str:
    return f"{found}, {'same' if found == reference else 'DIFFERENT'}"


WHAT = {
    "undisturbed": "nothing",
    "training worker killed": "kill -9 of the training process on the second node",
    "node killed": "kill -9 of the second raylet and all its processes; a third joins",
    "actor killed": "kill -9 of the head's measuring process",
    "node lost": "kill -9 of the third raylet and all its processes; a fourth joins when it failed",
}

if __name__ == "__main__":
    sys.exit(main())
