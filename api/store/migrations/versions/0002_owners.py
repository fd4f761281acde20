"""Owners' keys and data sets; what jobs are searched by; how long steps take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_owner"), "api_keys", ["owner"], unique=False)
    op.create_table(
        "datasets",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("input_channels", sa.Integer(), nullable=False),
        sa.Column("native_resolution", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
    )
    op.create_index("ix_datasets_owner_name", "datasets", ["owner", "name"], unique=True)
    op.create_table(
        "step_times",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("work", sa.Float(), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_times")),
    )
    op.create_index(op.f("ix_step_times_step"), "step_times", ["step"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tallies")),
    )
    op.execute("INSERT INTO tallies (name, value) VALUES ('evaluations', 0)")
    # Statement by statement: a batch would copy the table, and lose its checks on SQLite.
    op.add_column(
        "jobs", sa.Column("dataset", sa.String(length=200), nullable=False, server_default="")
    )
    op.add_column("jobs", sa.Column("device", sa.String(length=200), nullable=True))
    op.add_column("jobs", sa.Column("parent_id", sa.String(length=26), nullable=True))
    op.add_column("jobs", sa.Column("expired", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("dataset_id", sa.String(length=26), nullable=True))
    _fill_from_requests()
    op.drop_index(op.f("ix_jobs_owner"), table_name="jobs")
    op.create_index("ix_jobs_owner_id", "jobs", ["owner", "id"])
    for column in ("dataset", "device", "dataset_id"):
        op.create_index(op.f(f"ix_jobs_{column}"), "jobs", [column])


def _fill_from_requests() -> None:
    jobs = sa.table(
        "jobs",
        sa.column("id", sa.String()),
        sa.column("request", sa.JSON()),
        sa.column("dataset", sa.String()),
        sa.column("device", sa.String()),
    )
    connection = op.get_bind()
    for job_id, request in connection.execute(sa.select(jobs.c.id, jobs.c.request)).all():
        found = {"dataset": request.get("dataset", ""), "device": request.get("device")}
        connection.execute(jobs.update().where(jobs.c.id == job_id).values(**found))


def downgrade() -> None:
    for column in ("dataset", "device", "dataset_id"):
        op.drop_index(op.f(f"ix_jobs_{column}"), table_name="jobs")
    op.drop_index("ix_jobs_owner_id", table_name="jobs")
    op.create_index(op.f("ix_jobs_owner"), "jobs", ["owner"])
    for column in ("expired", "parent_id", "dataset_id", "device", "dataset"):
        op.drop_column("jobs", column)
    op.drop_table("tallies")
    op.drop_index(op.f("ix_step_times_step"), table_name="step_times")
    op.drop_table("step_times")
    op.drop_index("ix_datasets_owner_name", table_name="datasets")
    op.drop_table("datasets")
    op.drop_index(op.f("ix_api_keys_owner"), table_name="api_keys")
    op.drop_table("api_keys")
