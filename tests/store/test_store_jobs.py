"""What a person may do with jobs, and which states may follow which."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from api.store import (
    Idempotency,
    IllegalTransitionError,
    Job,
    JobFilter,
    JobState,
    KeyReusedError,
    Store,
    count_by_state,
    create_job,
    delete_job,
    events_after,
    fail_job,
    find_job,
    finish_job,
    list_jobs,
    request_cancel,
    resume_job,
    submit_job,
    take_job,
)
from api.store.jobs import transition
from api.store.states import TRANSITIONS
from api.store.tables import IdempotencyKey, utc_now

REQUEST = {"dataset": "digits", "seed": 0}
LEASED = {"lease_owner": "w", "lease_expires": utc_now()}
FREE = {"lease_owner": None, "lease_expires": None}


def new_job(store: Store, name: str = "job") -> Job:
    with store.write() as session:
        return create_job(session, REQUEST, name=name)[0]


def put_into(store: Store, state: JobState) -> Job:
    """A job in `state`, without the way there."""
    job = new_job(store)
    lease = LEASED if state.leased else FREE
    result = {"ok": True} if state is JobState.SUCCEEDED else None
    with store.write() as session:
        session.execute(
            update(Job).where(Job.id == job.id).values(state=state, result=result, **lease)
        )
    return job


@pytest.mark.parametrize("target", list(JobState))
@pytest.mark.parametrize("source", list(JobState))
def test_exactly_the_legal_transitions_happen(
    store: Store, source: JobState, target: JobState
) -> None:
    job = put_into(store, source)
    lease = LEASED if target.leased else FREE
    result = {"ok": True} if target is JobState.SUCCEEDED else None
    with store.write() as session:
        moved = transition(session, job.id, target, result=result, **lease)
    assert moved == (target in TRANSITIONS[source])
    with store.read() as session:
        found = session.get_one(Job, job.id)
        assert found.state == (target if moved else source)
        said = [e.data["state"] for e in events_after(session, job.id, 0) if e.kind == "state"]
    assert said == ["queued", *([target] if moved else [])]


@pytest.mark.parametrize(
    "values",
    [
        {"state": "done"},
        {"state": "running"},
        {"state": "succeeded"},
        {"lease_owner": "w"},
        {"result": {"ok": True}},
    ],
)
def test_the_database_refuses_contradictions(store: Store, values: dict[str, object]) -> None:
    job = new_job(store)
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(update(Job).where(Job.id == job.id).values(**values))


def test_a_new_job_waits_and_says_so(store: Store) -> None:
    job = new_job(store)
    assert (job.state, job.last_event, job.request) == (JobState.QUEUED, 1, REQUEST)
    assert utc_now() - job.created < timedelta(seconds=10)


def test_jobs_are_listed_newest_first_in_pages(store: Store) -> None:
    made = sorted((new_job(store, f"job {i}").id for i in range(5)), reverse=True)
    with store.read() as session:
        first = [j.id for j in list_jobs(session, limit=3)]
        rest = [j.id for j in list_jobs(session, limit=3, before=first[-1])]
        assert list_jobs(session, JobFilter(states=(JobState.RUNNING,)), limit=3) == []
    assert first + rest == made


def test_a_waiting_job_is_cancelled_at_once_and_may_be_resumed(store: Store) -> None:
    job_id = new_job(store).id
    with store.write() as session:
        job = session.get_one(Job, job_id)
        request_cancel(session, job)
        assert job.state == JobState.CANCELLED
        request_cancel(session, job)  # again: it is what was asked for
        resume_job(session, job)
        assert (job.state, job.finished) == (JobState.QUEUED, None)


def test_a_running_job_is_asked_to_stop(store: Store) -> None:
    job_id = new_job(store).id
    with store.write() as session:
        take_job(session, "w", seconds=60)
    with store.write() as session:
        job = session.get_one(Job, job_id)
        request_cancel(session, job)
        assert job.state == JobState.CANCELLING
        with pytest.raises(IllegalTransitionError, match="cancelling job cannot become queued"):
            resume_job(session, job)


def test_what_has_succeeded_stays(store: Store) -> None:
    job_id = new_job(store).id
    with store.write() as session:
        take_job(session, "w", seconds=60)
        finish_job(session, job_id, "w", {"accuracy": 1})
    with store.write() as session:
        job = session.get_one(Job, job_id)
        for steer in (request_cancel, resume_job):
            with pytest.raises(IllegalTransitionError, match="succeeded job cannot become"):
                steer(session, job)


def test_a_failed_job_may_be_resumed_without_its_error(store: Store) -> None:
    job_id = new_job(store).id
    with store.write() as session:
        take_job(session, "w", seconds=60)
        fail_job(session, job_id, "w", {"message": "no"})
    with store.write() as session:
        job = session.get_one(Job, job_id)
        assert job.error == {"message": "no"}
        resume_job(session, job)
        assert job.state == JobState.QUEUED
        assert job.error is None
        assert job.attempts == 0


def test_a_job_is_deleted_with_its_events_unless_a_worker_holds_it(store: Store) -> None:
    job_id = new_job(store).id
    with store.write() as session:
        take_job(session, "w", seconds=60)
    with store.write() as session, pytest.raises(IllegalTransitionError):
        delete_job(session, session.get_one(Job, job_id))
    with store.write() as session:
        fail_job(session, job_id, "w", {"message": "no"})
        delete_job(session, session.get_one(Job, job_id))
    with store.read() as session:
        assert find_job(session, job_id) is None
        assert events_after(session, job_id, 0) == []


def test_a_key_makes_one_job_and_is_forgotten_after_a_day(store: Store) -> None:
    def create(body: str) -> tuple[Job, bool]:
        with store.write() as session:
            return create_job(session, REQUEST, name="job", idempotency=Idempotency("key", body))

    first, new = create("body")
    again, new_again = create("body")
    assert (new, new_again, again.id) == (True, False, first.id)
    with pytest.raises(KeyReusedError):
        create("another body")
    with store.write() as session:
        session.execute(update(IdempotencyKey).values(created=utc_now() - timedelta(days=2)))
    later, new_later = create("another body")
    assert new_later
    assert later.id != first.id


def test_a_key_that_comes_many_times_at_once_makes_one_job(store: Store) -> None:
    barrier = threading.Barrier(6)

    def submit(_: int) -> str:
        barrier.wait()
        return submit_job(store, REQUEST, name="job", idempotency=Idempotency("key", "body")).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(submit, range(6)))) == 1
    with store.read() as session:
        assert len(list_jobs(session, limit=9)) == 1


def test_jobs_are_counted_by_state(store: Store) -> None:
    for state in (JobState.QUEUED, JobState.QUEUED, JobState.FAILED):
        put_into(store, state)
    with store.read() as session:
        counted = count_by_state(session)
    assert counted == {s: {"queued": 2, "failed": 1}.get(s, 0) for s in JobState}
