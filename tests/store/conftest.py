"""Every supported database, empty; PostgreSQL where `TINYNAS_TEST_POSTGRES` names one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store, downgrade, upgrade

POSTGRES = os.environ.get("TINYNAS_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table of ours."""
    if request.param == "postgresql" and not POSTGRES:
        pytest.skip("TINYNAS_TEST_POSTGRES names no database")
    url = POSTGRES if request.param == "postgresql" else f"sqlite:///{tmp_path / 'tinynas.db'}"
    assert url is not None
    store = Store(url)
    downgrade(store.engine, "base")
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A database with this version's tables, without a row."""
    upgrade(empty_store.engine)
    return empty_store
