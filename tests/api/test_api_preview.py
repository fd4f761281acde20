"""Stage 1 while one types: the job's own answer, and the job's own refusals."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tinynas.request import JobRequest
from tinynas.subspace import choose_subspace

BODY = {"dataset": "digits", "device": "stm32f411xe", "sram": "16KB", "flash": "128KB"}


def test_the_preview_chooses_as_the_job_will(client: TestClient) -> None:
    found = client.post("/api/v1/jobs/preview", json=BODY).json()
    request = JobRequest("digits", "stm32f411xe", 16 << 10, 128 << 10)
    table = choose_subspace(
        request.space_for(8),
        request.budget,
        classes=10,
        input_channels=1,
        device=request.target,
        resolutions=request.resolutions_for(8),
        samples=found["samples"],
    ).to_json()
    for key in ("chosen", "subspaces", "budget", "rule"):
        assert found[key] == table[key]
    assert found["device"] == "STM32F411xE"
    assert 0 < found["chosen"]["fits"] <= 1
    assert client.get("/api/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sram": "512"}, "sram"),
        ({"device": "stm32f999"}, "device"),
        ({"dataset": "nothing"}, "dataset"),
        ({"sram": "1GB"}, "sram"),
        ({"space": "mars"}, "space"),
    ],
)
def test_it_refuses_what_the_job_would(
    client: TestClient, change: dict[str, Any], field: str
) -> None:
    body = BODY | change
    preview = client.post("/api/v1/jobs/preview", json=body)
    job = client.post("/api/v1/jobs", json=body)
    assert preview.status_code == job.status_code == 422
    assert preview.json()["field"] == job.json()["field"] == field
    assert preview.json().get("required_bytes") == job.json().get("required_bytes")
