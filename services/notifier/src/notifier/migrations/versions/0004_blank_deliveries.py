"""Blank deliveries: what is over is found by its age, to be blanked, and later to be deleted.

Follows 0003, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {"ix_delivery_worded": "text <> ''", "ix_delivery_blank": "text = ''"}


def upgrade() -> None:
    for name, where in INDEXES.items():
        op.create_index(name, "delivery", ["created_at"], schema="notify", postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "delivery", schema="notify")
