"""Engines: SQLite tuned for one writer and many readers, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

from tinynas.errors import InvalidInputError

BUSY_TIMEOUT_MS = 15_000
_DRIVERS = ("sqlite", "postgresql+psycopg")


class Store:
    """A database of jobs: `read()` and `write()` are transactions, committed at their end."""

    def __init__(self, url: str | URL) -> None:
        """
        Raises:
            InvalidInputError: the URL is neither SQLite's nor `postgresql+psycopg://`.
        """
        self.engine = _engine(url)
        self._write_engine = self.engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Session(self._write_engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str | URL) -> Engine:
    parsed = make_url(url)
    if parsed.drivername not in _DRIVERS:
        raise InvalidInputError(
            f"database_url: {parsed.drivername}:// is not supported; allowed is "
            + " or ".join(f"{driver}://" for driver in _DRIVERS),
            field="database_url",
            given=parsed.drivername,
            allowed=list(_DRIVERS),
        )
    if parsed.drivername == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin at the first write only; `_begin_sqlite` begins them.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads and then writes cannot wait for the lock it lacks, so those that
    # write take it at once; readers of a WAL database never wait.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
