"""Due by channel: the senders of one channel do not read over what waits for another.

Follows 0001, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace(["channel", "due_at"])


def downgrade() -> None:
    _replace(["due_at"])


def _replace(columns: list[str]) -> None:
    op.drop_index("ix_delivery_due", "delivery", schema="notify")
    op.create_index(
        "ix_delivery_due", "delivery", columns, schema="notify", postgresql_where=sa.text("due_at IS NOT NULL")
    )
