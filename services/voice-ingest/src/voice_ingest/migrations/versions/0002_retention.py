"""Calls that are over are found by their age.

Follows 0001, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("call_over", "call", ["created_at"], schema="voice", postgresql_where=sa.text("state = 'done'"))


def downgrade() -> None:
    op.drop_index("call_over", table_name="call", schema="voice")
