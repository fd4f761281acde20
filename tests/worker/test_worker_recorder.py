"""What is told is stored: in order, thinned where it repeats itself, never silently lost."""

from __future__ import annotations

import numpy as np
import pytest
from small_pipelines import candidate
from worker_service import Service, until

from api.store import Job, events_after, list_candidates, lose_worker, take_job
from tinynas.progress import Event
from worker.front import ParetoFront
from worker.recorder import PROGRESS_SHARE, Recorder


@pytest.fixture
def job_id(service: Service) -> str:
    """A job that worker `w` holds."""
    job_id = service.submit()
    with service.store.write() as session:
        take_job(session, "w", seconds=60)
    return job_id


def kinds(service: Service, job_id: str) -> list[str]:
    with service.store.read() as session:
        return [event.kind for event in events_after(session, job_id, 2)]


def test_progress_is_thinned_and_its_end_is_kept(service: Service, job_id: str) -> None:
    with Recorder(service.store, job_id, "w") as recorder:
        for done in range(1, 100_001):
            recorder(Event("progress", "supernet", {"done": done, "total": 100_000}))
    with service.store.read() as session:
        events = events_after(session, job_id, 2, limit=5000)
    assert len(events) <= 1 / PROGRESS_SHARE + 2
    assert events[-1].data["done"] == 100_000
    assert service.job(job_id).progress == {"done": 100_000, "total": 100_000}


def test_events_are_readable_while_the_job_goes_on(service: Service, job_id: str) -> None:
    with Recorder(service.store, job_id, "w") as recorder:
        recorder(Event("step_started", "search", {}))
        until(lambda: kinds(service, job_id) == ["step_started"], seconds=5)
        assert service.job(job_id).step == "search"


def test_a_job_that_gets_on_has_all_its_attempts_again(service: Service, job_id: str) -> None:
    for expected in (2, 3):
        with service.store.write() as session:
            lose_worker(session, session.get_one(Job, job_id), "it died")
            assert take_job(session, "w", seconds=60) is not None
        assert service.job(job_id).attempts == expected
    with Recorder(service.store, job_id, "w") as recorder:
        recorder(Event("step_finished", "subspace", {"seconds": 0.0, "reused": True}))
    assert service.job(job_id).attempts == 3
    with Recorder(service.store, job_id, "w") as recorder:
        recorder(Event("step_finished", "supernet", {"seconds": 9.0, "reused": False}))
    assert service.job(job_id).attempts == 1


def test_a_search_that_begins_again_replaces_its_candidates(service: Service, job_id: str) -> None:
    for accuracies in ((0.9, 0.8, 0.7), (0.5, 0.6)):
        with Recorder(service.store, job_id, "w") as recorder:
            for number, accuracy in enumerate(accuracies):
                recorder(Event("candidate", "search", candidate(number, accuracy)))
    with service.store.read() as session:
        found = [(c.accuracy, c.pareto) for c in list_candidates(session, job_id, limit=9)]
    assert found == [(0.5, False), (0.6, True)]


def test_a_lost_lease_stops_the_recording(service: Service, job_id: str) -> None:
    with Recorder(service.store, job_id, "another") as recorder:
        recorder(Event("log", "search", {"message": "too late"}))
        until(lambda: recorder.lease_lost, seconds=5)
    assert kinds(service, job_id) == []


def test_what_cannot_be_stored_is_an_error_not_a_silence(service: Service, job_id: str) -> None:
    with (
        pytest.raises(Exception, match="not JSON serializable"),
        Recorder(service.store, job_id, "w") as recorder,
    ):
        recorder(Event("log", "search", {"message": np.int64(3)}))
    assert kinds(service, job_id) == []


def test_the_front_is_what_a_comparison_of_all_pairs_finds() -> None:
    rng = np.random.default_rng(0)
    front, on_front = ParetoFront(), set[int]()
    points = rng.integers(0, 6, size=(200, 5))
    for number, (accuracy, sram, flash, macs, again) in enumerate(points.tolist()):
        joins, beaten = front.add(
            {
                "id": number,
                "accuracy": accuracy / 6,
                "sram_bytes": sram,
                "flash_bytes": flash,
                "macs": macs,
                "recomputed_macs": again,
            }
        )
        on_front = (on_front | {number} if joins else on_front) - set(beaten)
    costs = np.column_stack([-points[:, 0], points[:, 1], points[:, 2], points[:, 3:].sum(1)])
    better = (costs[:, None] <= costs).all(-1) & (costs[:, None] < costs).any(-1)
    assert on_front == set(np.flatnonzero(~better.any(0)).tolist())


def test_a_job_keeps_its_best_candidate(service: Service, job_id: str) -> None:
    with Recorder(service.store, job_id, "w") as recorder:
        for number, accuracy in enumerate((0.5, 0.9, 0.7)):
            recorder(Event("candidate", "search", candidate(number, accuracy)))
    with service.store.read() as session:
        best = session.get_one(Job, job_id).best
    assert best is not None
    assert best["id"] == 1
