"""Choices of a job that are neither budget nor effort: stored as they were asked for."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

BODY = {"dataset": "digits", "device": "stm32f411xe", "sram": "32KB", "flash": "128KB"}


@pytest.mark.parametrize(
    ("resolutions", "objectives"),
    [("24,16", "accuracy,latency"), ([16, 24], ["accuracy", "latency"])],
)
def test_all_of_them_are_kept(
    client: TestClient, resolutions: str | list[int], objectives: str | list[str]
) -> None:
    body = BODY | {"recipe": "progressive", "margin": 0.5, "resolutions": resolutions}
    body |= {"engine": "nsga2", "objectives": objectives}
    body |= {"training": {"learning_rate": 0.004, "batch_size": 32}}
    answer = client.post("/api/v1/jobs", json=body, headers={"Idempotency-Key": "monday"})
    assert answer.status_code == 202, answer.text
    request = client.get(answer.headers["Location"]).json()["request"]
    assert (request["recipe"], request["margin"]) == ("progressive", 0.5)
    assert (request["training"]["learning_rate"], request["training"]["batch_size"]) == (0.004, 32)
    assert request["resolutions"] == [16, 24]
    assert (request["engine"], request["objectives"]) == ("nsga2", ["accuracy", "latency"])
    preview = client.post("/api/v1/jobs/preview", json=body).json()
    assert {row["resolution"] for row in preview["subspaces"]} == {16, 24}
