"""How many jobs an owner has waiting or running, and which is the next, without looking at all."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_jobs_owner_state_id", "jobs", ["owner", "state", "id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_owner_state_id", table_name="jobs")
