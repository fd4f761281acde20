"""The service with 10,000 jobs, 100,000 candidates and 200 listeners: how long its answers take.

    python -m benchmarks.load [--jobs 10000] [--candidates 100000] [--listeners 200] [--write]

The API as a process of its own, on SQLite and on PostgreSQL, in a network without any interface but
loopback (Linux, root).  Jobs that run say two things a second each while it is asked, and
every listener has to hear all of them, in order.  One client asks, one request after the other.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ledger import markdown, write_table
from benchmarks.service.content import RUNNING, fill
from benchmarks.service.deployment import Deployment
from benchmarks.service.isolation import isolate
from benchmarks.service.listeners import Listeners
from benchmarks.service.postgres import PostgreSQL
from benchmarks.service.talkers import Talkers
from tinynas.errors import TinynasError

QUIET_SECONDS = 5.0
GOALS_MS = {"GET /jobs": 50.0, "POST /jobs": 200.0}
TASKS = (
    {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"},
    {"dataset": "cifar10", "device": "stm32f746zg", "sram": "64KB", "flash": "512KB"},
    {"dataset": "imagenette", "device": "stm32f746zg", "sram": "128KB", "flash": "1MB"},
)
HEADINGS = [
    *("database", "request", "answers", "p50, ms", "p95, ms", "longest, ms"),
    *("processor of the API, ms", "goal, p95"),
]
ABOUT = """{jobs:,} jobs ({running} of them running and telling two events a second each),
{candidates:,} candidates, {listeners} event streams open; answers one after the other.

"Processor of the API" is what the API's process took in all while it answered, divided by the
answers: what it spent on its listeners is in it, what other processes of the machine took is not.
Processes that wanted to run on {cores} cores: {load}; what was measured {before}
the others.

Events heard: {heard}."""


@dataclass(frozen=True)
class Timing:
    """Answers to one kind of request, in milliseconds."""

    name: str
    wall: list[float]
    processor: float

    def row(self, database: str) -> list[str]:
        cuts = statistics.quantiles(self.wall, n=20, method="inclusive")
        goal = GOALS_MS.get(self.name)
        figures = (statistics.median(self.wall), cuts[-1], max(self.wall), self.processor)
        said = "-" if goal is None else f"{goal:.0f} ms, {'met' if cuts[-1] < goal else 'MISSED'}"
        return [database, self.name, str(len(self.wall)), *(f"{f:.1f}" for f in figures), said]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--candidates", type=int, default=100_000)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--requests", type=int, default=200, help="of each kind")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results")
    parser.add_argument(
        "--alone",
        action="store_true",
        help="before all else that this machine has to do (SCHED_RR)",
    )
    options = parser.parse_args()
    isolate("load")
    if options.alone:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    rows, heard = [], []
    for database in ("SQLite", "PostgreSQL"):
        with tempfile.TemporaryDirectory(prefix="tnl-", dir="/tmp") as folder, ExitStack() as stack:
            Path(folder).chmod(0o755)
            timings, said = measure(database, Path(folder), stack, options)
        rows += [timing.row(database) for timing in timings]
        heard.append(f"{database} {said}")
    table = markdown(HEADINGS, rows, right=2)
    sys.stdout.write(f"{table}\n{heard}\n")
    if options.write:
        about = ABOUT.format(
            **vars(options),
            running=RUNNING,
            cores=os.cpu_count(),
            before="went before" if options.alone else "took turns with",
            load=" ".join(f"{value:.1f}" for value in os.getloadavg()),
            heard="; ".join(heard),
        )
        write_table("load", "The service under load", about, table)
    return 1 if any("MISSED" in row[-1] for row in rows) else 0


def measure(
    database: str, folder: Path, stack: ExitStack, options: argparse.Namespace
) -> tuple[list[Timing], str]:
    """All timings on one database, and what the listeners heard."""
    given: dict[str, Any] = {"requests_per_minute": 0, "max_active_jobs": 1_000_000}
    if database == "PostgreSQL":
        given["database_url"] = stack.enter_context(PostgreSQL(folder / "pg")).url
    service = stack.enter_context(Deployment(folder, **given))
    content = fill(service.store_settings(), options.jobs, options.candidates)
    service.start_api()
    sys.stderr.write(f"{database}: filled\n")
    listeners = stack.enter_context(Listeners(service.url, content.running, options.listeners))
    talkers = stack.enter_context(Talkers(service.store_settings(), content.running))
    time.sleep(QUIET_SECONDS)
    before = service.processor_seconds("api")
    time.sleep(QUIET_SECONDS)
    alone = 100 * (service.processor_seconds("api") - before) / QUIET_SECONDS
    with httpx.Client(base_url=f"{service.url}/api/v1", timeout=60, trust_env=False) as client:
        timings = [
            time_all(service, name, ask, count)
            for name, ask, count in requests(client, content.large, options.requests)
        ]
    told = talkers.finish()
    heard = listeners.finish(told)
    return timings, f"{heard} ({alone:.0f}% of a core while nobody asked anything else)"


def requests(
    client: httpx.Client, large: list[str], count: int
) -> list[tuple[str, Callable[[], httpx.Response], int]]:
    """Name, what is asked (at random), how often."""
    rng = random.Random(0)
    cursors: list[str] = []

    def jobs() -> httpx.Response:
        """Mostly first pages and the following ones, some with a filter."""
        given: dict[str, Any] = {"limit": 50}
        if cursors and rng.random() < 0.5:
            given["cursor"] = cursors[-1]
        if rng.random() < 0.3:
            given["state"] = rng.choice(["failed", "succeeded", "running"])
        answer = client.get("/jobs", params=given)
        if cursor := answer.json().get("next_cursor"):
            cursors.append(cursor)
        return answer

    def candidates() -> httpx.Response:
        cursor = rng.randrange(-1, 800)
        where = f"/jobs/{rng.choice(large)}/candidates"
        return client.get(where, params={"limit": 200, "cursor": cursor})

    def search() -> httpx.Response:
        return client.get("/jobs", params={"q": f"{rng.randrange(999)} "})

    return [
        ("POST /jobs, first of its task", _in_turn(client), len(TASKS)),
        ("POST /jobs", _in_turn(client), count),
        ("GET /jobs", jobs, count),
        (
            "GET /jobs?q=",
            search,
            count,
        ),
        ("GET /jobs/{id}", lambda: client.get(f"/jobs/{rng.choice(large)}"), count),
        ("GET /jobs/{id}/candidates", candidates, count),
    ]


def _in_turn(client: httpx.Client) -> Callable[[], httpx.Response]:
    asked = 0

    def submit() -> httpx.Response:
        nonlocal asked
        asked += 1
        return client.post("/jobs", json=TASKS[asked % len(TASKS)])

    return submit


def time_all(
    service: Deployment, name: str, ask: Callable[[], httpx.Response], count: int
) -> Timing:
    """
    Raises:
        TinynasError: an answer was an error.
    """
    wall = []
    before = service.processor_seconds("api")
    for _ in range(count):
        started = time.perf_counter()
        answer = ask()
        wall.append(1000 * (time.perf_counter() - started))
        if not answer.is_success:
            raise TinynasError(f"{name}: {answer.status_code} {answer.text}")
    spent = 1000 * (service.processor_seconds("api") - before) / count
    sys.stderr.write(f"{name}: {statistics.median(wall):.1f} ms\n")
    return Timing(name, wall, spent)


if __name__ == "__main__":
    sys.exit(main())
