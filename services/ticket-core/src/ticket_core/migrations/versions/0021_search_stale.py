"""Participants whose cases search has to take up again, though nothing happened in them.

Follows 0020, written on 2026-11-25.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_stale",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("search_stale_participant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("search_stale_pkey")),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("search_stale", schema="core")
