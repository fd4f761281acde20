"""Run by Alembic for each migration command, on the connection that `migrate` opened."""

from alembic import context

from api.store.migrate import VERSION_TABLE
from api.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
