"""Migrations go up and down, agree with the tables, and may be run by several processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from api.store import Store, create_job, downgrade, is_current, list_jobs, upgrade
from api.store.migrate import VERSION_TABLE
from api.store.tables import Base
from tinynas.errors import InvalidInputError


def test_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []


def test_down_to_base_leaves_no_table_and_up_again_works(store: Store) -> None:
    with store.write() as session:
        create_job(session, {"dataset": "digits"}, name="kept not")
    downgrade(store.engine, "base")
    assert set(inspect(store.engine).get_table_names()) <= {VERSION_TABLE}
    assert not is_current(store.engine)
    upgrade(store.engine)
    assert is_current(store.engine)
    with store.read() as session:
        assert list_jobs(session, limit=10) == []


def test_upgrade_keeps_rows_and_may_run_twice(store: Store) -> None:
    with store.write() as session:
        job, _ = create_job(session, {"dataset": "digits"}, name="kept")
    upgrade(store.engine)
    with store.read() as session:
        assert [j.id for j in list_jobs(session, limit=10)] == [job.id]


def test_several_processes_may_migrate_at_once(empty_store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(empty_store.engine), range(4)))
    assert is_current(empty_store.engine)


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="mysql:// is not supported"):
        Store("mysql://localhost/x")


def test_jobs_keep_what_they_have_through_migrations(empty_store: Store) -> None:
    """Up, down and up again with a job that has events, candidates and artifacts."""
    store = empty_store
    upgrade(store.engine, "0001")
    columns = {
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "name": "kept",
        "state": "queued",
        "request": '{"dataset": "digits", "device": "stm32f411xe"}',
        "created": "2026-01-01 00:00:00",
        "updated": "2026-01-01 00:00:00",
        "attempts": 0,
        "last_event": 1,
    }
    names = ", ".join(columns)
    with store.write() as session:
        insert = f"INSERT INTO jobs ({names}) VALUES (:{', :'.join(columns)})"
        session.execute(text(insert), columns)
        session.execute(
            text(
                "INSERT INTO events (job_id, sequence, kind, step, data, time) "
                "VALUES (:id, 1, 'state', '', '{}', :created)"
            ),
            columns,
        )
    for direction, revision in ((upgrade, "head"), (downgrade, "0001"), (upgrade, "head")):
        direction(store.engine, revision)
        with store.read() as session:
            assert session.scalar(text("SELECT count(*) FROM events")) == 1
    with store.read() as session:
        job = list_jobs(session, limit=1)[0]
        assert (job.name, job.dataset, job.device) == ("kept", "digits", "stm32f411xe")
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(text("UPDATE jobs SET state = 'done'"))
