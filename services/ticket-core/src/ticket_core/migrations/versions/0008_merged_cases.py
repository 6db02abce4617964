"""Cases that are part of another one.

Follows 0007, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("merged", postgresql.JSONB(), nullable=True), schema="core")
    op.create_check_constraint(op.f("cases_merged_check"), "cases", "merged IS NULL OR state = 'closed'", schema="core")
    op.create_index(
        "cases_merged_idx", "cases", ["participant_id"], schema="core", postgresql_where=sa.text("merged IS NOT NULL")
    )
