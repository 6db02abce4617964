"""Sign-in links that were used.

Follows 0001, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_sign_in",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("used_sign_in_pkey")),
        schema="web",
    )


def downgrade() -> None:
    op.drop_table("used_sign_in", schema="web")
