"""What cases have to do with one another.

Follows 0011, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("ties", postgresql.JSONB(), nullable=True), schema="core")
    op.create_index(
        "cases_follow_up_idx",
        "cases",
        ["follow_up_of"],
        schema="core",
        postgresql_where=sa.text("follow_up_of IS NOT NULL"),
    )
