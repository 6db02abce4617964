"""Webhooks: subscriptions, what is sent to them, and where the stream was when.

Follows 0008, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, uid = sa.DateTime(timezone=True), sa.Uuid(as_uuid=False)
    op.create_table(
        "webhooks",
        sa.Column("id", uid, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("case_id", uid, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", moment),
        sa.Column("retry_at", moment),
        sa.Column("succeeded_at", moment),
        sa.Column("disabled_at", moment),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("lease", uid),
        sa.Column("leased_until", moment),
        sa.CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name=op.f("webhooks_disabled_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("webhooks_pkey")),
        schema="core",
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", uid, nullable=False),
        sa.Column("case_id", uid, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", moment, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("settled_at", moment),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')", name=op.f("webhook_deliveries_state_check")),
        sa.CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name=op.f("webhook_deliveries_settled_check")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["core.webhooks.id"], name=op.f("webhook_deliveries_webhook_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook_id", "case_id", "seq", name=op.f("webhook_deliveries_pkey")),
        schema="core",
    )
    op.create_index(
        "webhook_deliveries_due_idx",
        "webhook_deliveries",
        ["webhook_id", "next_at"],
        schema="core",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "webhook_deliveries_latest_idx",
        "webhook_deliveries",
        ["webhook_id", "queued_at", "case_id", "seq"],
        schema="core",
    )
    op.create_table(
        "webhook_marks",
        sa.Column("at", moment, nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("webhook_marks_pkey")),
        schema="core",
    )
