"""A job has one worker at a time, and outlives it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from api.store import (
    MAX_ATTEMPTS,
    Job,
    JobFilter,
    JobState,
    LeaseLostError,
    NewEvent,
    Store,
    add_candidates,
    append_events,
    confirm_cancelled,
    create_job,
    events_after,
    fail_job,
    find_job,
    finish_job,
    give_back,
    list_candidates,
    list_jobs,
    mark_dominated,
    newest_events,
    note_progress,
    renew_lease,
    request_cancel,
    take_job,
    utc_now,
)


def new_job(store: Store) -> str:
    with store.write() as session:
        return create_job(session, {"dataset": "digits"}, name="job")[0].id


def take(store: Store, owner: str, *, seconds: float = 60, later: float = 0) -> Job | None:
    with store.write() as session:
        return take_job(session, owner, seconds=seconds, now=utc_now() + timedelta(seconds=later))


def job_of(store: Store, job_id: str) -> Job:
    with store.read() as session:
        job = find_job(session, job_id)
        assert job is not None
        return job


def test_the_oldest_waiting_job_is_taken_first(store: Store) -> None:
    waiting = sorted(new_job(store) for _ in range(2))
    taken = [take(store, owner) for owner in ("a", "b", "c")]
    assert [job.id if job else None for job in taken] == [*waiting, None]
    assert taken[0] is not None
    assert (taken[0].state, taken[0].lease_owner) == (JobState.RUNNING, "a")


def test_of_many_workers_one_gets_the_job(store: Store) -> None:
    for _ in range(3):
        new_job(store)
    barrier = threading.Barrier(8)

    def race(worker: int) -> str | None:
        barrier.wait()
        job = take(store, f"worker {worker}")
        return job.id if job else None

    with ThreadPoolExecutor(8) as pool:
        taken = [job_id for job_id in pool.map(race, range(8)) if job_id]
    assert len(taken) == len(set(taken)) == 3


def test_a_renewed_lease_holds_and_an_expired_one_is_lost(store: Store) -> None:
    job_id = new_job(store)
    take(store, "a", seconds=10)
    with store.write() as session:
        assert renew_lease(session, job_id, "a", seconds=30) is JobState.RUNNING
    assert take(store, "b", later=20) is None
    second = take(store, "b", later=40)
    assert second is not None
    assert (second.id, second.attempts) == (job_id, 2)
    for late in (
        lambda s: renew_lease(s, job_id, "a", seconds=10),
        lambda s: finish_job(s, job_id, "a", {"result": 1}),
        lambda s: fail_job(s, job_id, "a", {"message": "no"}),
        lambda s: note_progress(s, job_id, "a", step="search"),
        lambda s: confirm_cancelled(s, job_id, "a"),
        lambda s: give_back(s, job_id, "a"),
    ):
        with pytest.raises(LeaseLostError), store.write() as session:
            late(session)
    job = job_of(store, job_id)
    assert (job.lease_owner, job.state, job.step) == ("b", JobState.RUNNING, None)


def test_a_job_that_loses_every_worker_fails(store: Store) -> None:
    job_id = new_job(store)
    for attempt in range(MAX_ATTEMPTS):
        assert take(store, f"worker {attempt}", seconds=1, later=10 * attempt) is not None
    assert take(store, "last", later=10 * MAX_ATTEMPTS) is None
    job = job_of(store, job_id)
    assert job.state == JobState.FAILED
    assert job.error is not None
    assert f"its worker died; given up after {MAX_ATTEMPTS} attempts" in job.error["message"]


def test_a_worker_that_stops_gives_its_job_back_uncounted(store: Store) -> None:
    job_id = new_job(store)
    take(store, "a")
    with store.write() as session:
        give_back(session, job_id, "a")
    job = job_of(store, job_id)
    assert (job.state, job.attempts, job.lease_owner) == (JobState.QUEUED, 0, None)


def test_a_cancelling_job_can_only_become_cancelled(store: Store) -> None:
    job_id = new_job(store)
    take(store, "a")
    with store.write() as session:
        request_cancel(session, session.get_one(Job, job_id))
    with store.write() as session:
        assert renew_lease(session, job_id, "a", seconds=10) is JobState.CANCELLING
    with pytest.raises(LeaseLostError), store.write() as session:
        finish_job(session, job_id, "a", {"too": "late"})
    with store.write() as session:
        confirm_cancelled(session, job_id, "a")
    assert job_of(store, job_id).state == JobState.CANCELLED


@pytest.mark.parametrize("way", ["expired", "given back"])
def test_a_cancelling_job_without_a_worker_is_cancelled(store: Store, way: str) -> None:
    job_id = new_job(store)
    take(store, "a", seconds=1)
    with store.write() as session:
        request_cancel(session, session.get_one(Job, job_id))
    if way == "expired":
        assert take(store, "b", later=10) is None
    else:
        with store.write() as session:
            give_back(session, job_id, "a")
    assert job_of(store, job_id).state == JobState.CANCELLED


def test_events_are_numbered_without_gaps_by_many_writers(store: Store) -> None:
    job_id = new_job(store)

    def write(worker: int) -> None:
        for i in range(5):
            with store.write() as session:
                events = [NewEvent("log", "search", {"worker": worker, "i": i})] * 2
                append_events(session, job_id, events)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with store.read() as session:
        numbers = [event.sequence for event in events_after(session, job_id, 0)]
        assert numbers == list(range(1, 42))
        assert [e.sequence for e in events_after(session, job_id, 39)] == [40, 41]
        assert newest_events(session, [job_id, "gone"]) == {job_id: 41}


def test_candidates_are_paged_and_lose_their_place_on_the_front(store: Store) -> None:
    job_id = new_job(store)
    sizes = {"sram_bytes": 1, "flash_bytes": 2, "macs": 3, "recomputed_macs": 0}
    with store.write() as session:
        add_candidates(
            session,
            job_id,
            [{"id": i, "accuracy": i / 4, "pareto": True, **sizes} for i in range(4)],
        )
        mark_dominated(session, job_id, [0, 2])
    with store.read() as session:
        page = list_candidates(session, job_id, limit=2)
        rest = list_candidates(session, job_id, limit=9, after=page[-1].number)
        front = list_candidates(session, job_id, limit=9, pareto=True)
    assert [c.number for c in [*page, *rest]] == [0, 1, 2, 3]
    assert [c.number for c in front] == [1, 3]


def test_owners_take_turns(store: Store) -> None:
    """One who submits many jobs does not keep another from the workers."""
    made: dict[str, str] = {}
    with store.write() as session:
        for name, owner in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("n1", None)):
            made[create_job(session, {"dataset": "digits"}, name=name, owner=owner)[0].id] = name

    def next_name(worker: str) -> str:
        job = take(store, worker)
        assert job is not None
        return made[job.id]

    # Each has one running before anybody has two.
    assert sorted(next_name(f"w{i}")[0] for i in range(3)) == ["a", "b", "n"]
    with store.write() as session:
        for job in list_jobs(session, JobFilter(states=(JobState.RUNNING,)), limit=9):
            finish_job(session, job.id, job.lease_owner or "", {"ok": True})
        create_job(session, {"dataset": "digits"}, name="b2", owner="b")
        made |= {job.id: job.name for job in list_jobs(session, limit=9)}
    # Nobody has one running: who has waited longest comes first.
    with store.write() as session:
        session.execute(update(Job).where(Job.owner == "a").values(started=utc_now()))
    assert next_name("x") == "b2"
    assert next_name("y") in ("a1", "a2", "a3")
