"""A store in a temporary folder, and workers on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_service import Service

from worker.settings import WorkerSettings


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = WorkerSettings(
        home=tmp_path, lease_seconds=2, poll_seconds=0.05, grace_seconds=0.5, evaluators=1
    )
    service = Service(settings)
    yield service
    service.store.close()
