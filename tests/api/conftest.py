"""The application on an empty database, and hands to change what a worker would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.store import Store

LOOPBACK = "http://127.0.0.1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, event_poll_seconds=0.01)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=LOOPBACK) as client:
        yield client


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A connection beside the application's own, as a worker has."""
    store = settings.open_store()
    yield store
    store.close()
