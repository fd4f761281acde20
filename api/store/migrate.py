"""Bringing a database to the tables of this version, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, select

VERSION_TABLE = "tinynas_alembic_version"  # Optuna keeps its own `alembic_version` beside it
_LOCK = (
    0x7469_6E79  # PostgreSQL's advisory lock for migrations; SQLite's writers exclude each other
)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate up to `revision`; several processes may do so at once."""
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Migrate down to `revision` (`base`: no table of ours is left)."""
    _run(engine, command.downgrade, revision)


def is_current(engine: Engine) -> bool:
    """Whether the database has exactly the tables of this version."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return (
            context.get_current_revision()
            == ScriptDirectory.from_config(_config()).get_current_head()
        )


def _run(engine: Engine, direction: Callable[[Config, str], None], revision: str) -> None:
    config = _config()
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config.attributes["connection"] = connection
        direction(config, revision)
