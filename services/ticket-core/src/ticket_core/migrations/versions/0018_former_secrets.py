"""Secrets of webhooks that were replaced, for as long as both sign.

Follows 0017, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_former_secrets",
        sa.Column("webhook_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_key", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["core.webhooks.id"],
            name=op.f("webhook_former_secrets_webhook_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("webhook_id", "id", name=op.f("webhook_former_secrets_pkey")),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("webhook_former_secrets", schema="core")
