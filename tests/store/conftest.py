"""Every supported database, empty; PostgreSQL where `TINYNAS_TEST_POSTGRES` names one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store, downgrade, upgrade

POSTGRES = os.environ.get("TINYNAS_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without any table of ours."""
    sqlite = f"sqlite:///{tmp_path / 'tinynas.db'}"
    store = Store(POSTGRES if request.param == "postgresql" and POSTGRES else sqlite)
    downgrade(store.engine, "base")
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A database with this version's tables, without a row."""
    upgrade(empty_store.engine)
    return empty_store
