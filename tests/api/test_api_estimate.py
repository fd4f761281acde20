"""How long a job may take, told from what earlier ones took."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.estimate import NEAREST, estimate
from api.store import Store, add_step_time
from tinynas.effort import PlannedEffort
from tinynas.progress import STEPS

BODY = {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}
EFFORT = PlannedEffort(train_images=1000, evaluations=10, finetune_images=None)
MACS = 1e6
WORKED = {"supernet": 1000, "search": 10, "finetune": 500}
"""Images or networks of `EFFORT`."""


def _history(scale: float = 1.0, times: int = 1) -> dict[str, list[tuple[float, float]]]:
    """Every step took 2 s, those that learn with work in proportion to `scale`."""
    return {step: [(2.0, scale * MACS * WORKED.get(step, 0))] * times for step in STEPS}


def test_a_job_like_an_earlier_one_takes_as_long() -> None:
    found = estimate(_history(), EFFORT, MACS)
    assert found.unknown == ()
    assert [one.step for one in found.steps] == list(STEPS)
    assert sum(one.seconds for one in found.steps) == pytest.approx(2.0 * len(STEPS))


def test_what_learns_is_scaled_by_its_work_and_the_rest_is_not() -> None:
    found = {one.step: one.seconds for one in estimate(_history(), EFFORT, 3 * MACS).steps}
    assert found == pytest.approx({step: 6.0 if step in WORKED else 2.0 for step in STEPS})


def test_the_nearest_in_work_count() -> None:
    history = _history()
    near = [(4.0, MACS * 1000)] * (NEAREST - 1) + [(9.0, MACS * 1000)]
    history["supernet"] = [(1000.0, MACS)] * 20 + near
    training = next(one for one in estimate(history, EFFORT, MACS).steps if one.step == "supernet")
    assert (training.seconds, training.low, training.high) == pytest.approx((4.0, 4.0, 9.0))
    assert training.measured == NEAREST


def test_minutes_are_taken_at_their_word_and_images_follow_from_the_pace() -> None:
    found = {one.step: one for one in estimate(_history(), EFFORT, MACS, minutes=5).steps}
    assert (found["supernet"].seconds, found["supernet"].measured) == (300.0, 0)
    # 2 s for 1,000 images: 150,000 in five minutes, half of them again at 2 s for 500.
    assert found["finetune"].seconds == pytest.approx(300.0)


def test_supernets_that_were_taken_say_nothing_of_a_training() -> None:
    history = _history()
    history["supernet"] = [(0.1, 0.0)] * NEAREST + history["supernet"]
    for minutes in (None, 5):
        expected = estimate(_history(), EFFORT, MACS, minutes=minutes)
        assert estimate(history, EFFORT, MACS, minutes=minutes) == expected


def test_a_step_without_history_is_named() -> None:
    history = _history()
    del history["finetune"]
    history["search"] = [(2.0, 0.0)]  # of an earlier version, which did not say how much it was
    assert estimate(history, EFFORT, MACS).unknown == ("search", "finetune")


def test_without_history_the_service_says_that_it_does_not_know(client: TestClient) -> None:
    found = client.post("/api/v1/jobs/estimate", json=BODY).json()
    assert (found["seconds"], found["at_least_seconds"], found["steps"]) == (None, 0, [])
    assert found["reason"] == "no job has finished on this service yet"
    body = BODY | {"effort": {"train_minutes": 20}}
    found = client.post("/api/v1/jobs/estimate", json=body).json()
    assert (found["seconds"], found["at_least_seconds"]) == (None, 1200)
    assert "no job has finished these steps" in found["reason"]
    assert "supernet" not in found["reason"]
    assert client.get("/api/v1/jobs").json()["items"] == []


def test_the_service_estimates_by_what_it_has_measured(client: TestClient, store: Store) -> None:
    preview = client.post("/api/v1/jobs/preview", json=BODY).json()
    macs = preview["chosen"]["mean_macs"]
    with store.write() as session:
        for step in STEPS:
            for seconds in (1.0, 2.0, 4.0):
                work = macs * WORKED.get(step, 0)
                add_step_time(session, "a job", step, seconds, work=work)
    effort = {"train_images": 2000, "evaluations": 20, "finetune_images": 1000}
    found = client.post("/api/v1/jobs/estimate", json=BODY | {"effort": effort}).json()
    assert found["seconds"] == pytest.approx(2 * 7 + 4 * 3)
    assert found["low_seconds"] == pytest.approx(1 * 7 + 2 * 3)
    assert found["high_seconds"] == pytest.approx(4 * 7 + 8 * 3)
    assert (found["measured"], found["reason"]) == (3, None)
    assert [one["step"] for one in found["steps"]] == list(STEPS)


def test_it_refuses_what_the_job_would(client: TestClient) -> None:
    refused = client.post("/api/v1/jobs/estimate", json=BODY | {"sram": "512"})
    assert refused.status_code == 422
    assert (refused.json()["field"], refused.json()["budget_bytes"]) == ("sram", 512)
