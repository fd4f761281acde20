"""A database that many have used for long: jobs in all states, candidates, events."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from api.store import Candidate, Job, JobEvent, JobState, StoreSettings, utc_now
from api.store.ids import new_id
from tinynas.devices import Budget, load_device
from tinynas.request import JobRequest
from tinynas.search import Candidate as Found
from tinynas.search import Feasibility
from tinynas.spaces import Subspace, load_space

RUNNING = 20
"""Jobs that run; nobody works on them."""
PER_JOB = 1000
"""Candidates of a job that has any."""
EVENTS = 8
BATCH = 2000


@dataclass(frozen=True)
class Content:
    """Ids of running jobs, and of those with candidates."""

    running: list[str]
    large: list[str]


def fill(settings: StoreSettings, jobs: int, candidates: int) -> Content:
    """Make the tables and put rows into them."""
    store = settings.open_store()
    rng = random.Random(0)
    with store.write() as session:
        rows = [_job(i, jobs, rng) for i in range(jobs)]
        _insert(session, Job, iter(rows))
        _insert(session, JobEvent, (event for row in rows for event in _events(row["id"])))
        done = [row["id"] for row in rows if row["state"] == JobState.SUCCEEDED]
        large = done[: max(1, candidates // PER_JOB)]
        _insert(session, Candidate, _candidates(large, candidates, rng))
    store.close()
    return Content([r["id"] for r in rows if r["state"] == JobState.RUNNING], large)


def _insert(session: Session, table: type[Any], rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            session.execute(insert(table), batch)
            batch = []
    if batch:
        session.execute(insert(table), batch)


def _job(number: int, jobs: int, rng: random.Random) -> dict[str, Any]:
    """The newest run, those before have ended."""
    request = JobRequest("digits", "stm32f411xe", 32 << 10, 128 << 10, seed=number)
    state = rng.choices(
        [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED], weights=[8, 1, 1]
    )[0]
    if number >= jobs - RUNNING:
        state = JobState.RUNNING
    created = utc_now() - timedelta(minutes=jobs - number)
    held = state == JobState.RUNNING
    return {
        "id": new_id(),
        "name": f"digits {number} on a small part",
        "owner": None,
        "dataset": "digits",
        "device": rng.choice(["stm32f411xe", "stm32f746zg", "stm32h743xx"]),
        "state": str(state),
        "step": "search" if held else None,
        "progress": {"done": 10, "total": 64, "unit": "evaluations"} if held else None,
        "best": None,
        "request": request.to_json(),
        "subspaces": {"rows": [{"width": 0.5, "resolution": 32, "mean_macs": 1e6}] * 40},
        "result": {"accuracy": {"int8": rng.random()}} if state == JobState.SUCCEEDED else None,
        "error": {"step": "build", "message": "x"} if state == JobState.FAILED else None,
        "created": created,
        "updated": created,
        "started": created,
        "finished": None if held else created + timedelta(minutes=1),
        "lease_owner": "nobody" if held else None,
        "lease_expires": utc_now() + timedelta(days=1) if held else None,
        "attempts": 1,
        "last_event": EVENTS,
    }


def _events(job_id: str) -> Iterator[dict[str, Any]]:
    for i in range(1, EVENTS + 1):
        data = {"done": i, "total": EVENTS, "unit": "images"}
        yield {
            "job_id": job_id,
            "sequence": i,
            "kind": "progress",
            "step": "supernet",
            "data": data,
        }


def _candidates(jobs: list[str], wanted: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """In the form of `tinynas.search`: a real one, with other figures."""
    subspace, budget = Subspace(load_space("tiny"), 0.5, 32), Budget(32 << 10, 128 << 10)
    fits = Feasibility(subspace, 10, 1, budget, load_device("stm32f411xe"), "all")
    plan = fits.plan(subspace.space.smallest)
    measured = Found(
        0, plan.architecture, plan.schedule, plan.cost, plan.macs, 0.9, subspace.resolution
    )
    found = measured.to_json(pareto=False)
    for i in range(wanted):
        figures = {
            "accuracy": rng.random(),
            "sram_bytes": rng.randrange(32 << 10),
            "flash_bytes": rng.randrange(128 << 10),
            "macs": rng.randrange(10**6),
            "recomputed_macs": 0,
        }
        number = i // len(jobs)
        yield {
            "job_id": jobs[i % len(jobs)],
            "number": number,
            "pareto": rng.random() < 0.02,
            "data": {**found, **figures, "id": number},
            **figures,
        }
