"""A chat answer is unseen until it is read.

Follows 0002, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index("state IN ('sent', 'delivered') AND channel = 'chat'")


def downgrade() -> None:
    _index("state = 'sent' AND channel = 'chat'")


def _index(where: str) -> None:
    op.drop_index("ix_delivery_unseen", table_name="delivery", schema="notify")
    op.create_index("ix_delivery_unseen", "delivery", ["created_at"], schema="notify", postgresql_where=sa.text(where))
