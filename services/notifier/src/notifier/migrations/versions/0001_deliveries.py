"""Deliveries.

Follows nothing, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

from kawal.inbox import create_inbox
from kawal.outbox import create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("case_seq", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('sent', 'delivered', 'read', 'failed')", name=op.f("delivery_state_known_check")),
        sa.CheckConstraint("due_at IS NULL OR state IS NULL", name=op.f("delivery_over_is_not_due_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        schema="notify",
    )
    op.create_index(
        "ix_delivery_after",
        "delivery",
        ["after"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("after IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["due_at"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_turn",
        "delivery",
        ["conversation_id", "channel", "position"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_unseen",
        "delivery",
        ["created_at"],
        unique=False,
        schema="notify",
        postgresql_where=sa.text("state = 'sent' AND channel = 'chat'"),
    )
    create_inbox(op, "notify")
    create_outbox(op, "notify")
    op.create_table(
        "parked_key",
        sa.Column("consumer_group", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("last_letter", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer_group", "topic", "key", name=op.f("parked_key_pkey")),
        schema="notify",
    )


def downgrade() -> None:
    for table in ("parked_key", "outbox", "inbox", "delivery"):
        op.drop_table(table, schema="notify")
