"""Calls to participants, and the parked keys of their consumer.

Follows nothing, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("case_seq", sa.Integer(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("call_ids", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("heard", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'done') = (outcome is not null)", name=op.f("call_done_has_outcome_check")),
        sa.CheckConstraint("state <> 'placed' or call_id is not null", name=op.f("call_placed_has_call_check")),
        sa.CheckConstraint("state in ('queued', 'placing', 'placed', 'done')", name=op.f("call_state_known_check")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("call_pkey")),
        schema="voice",
    )
    op.create_index(
        "call_due",
        "call",
        ["state", "due_at"],
        unique=False,
        schema="voice",
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_index("call_number", "call", ["to_number", "position"], unique=False, schema="voice")
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
        schema="voice",
    )


def downgrade() -> None:
    op.drop_table("parked_key", schema="voice")
    op.drop_index("call_number", table_name="call", schema="voice")
    op.drop_index("call_due", table_name="call", schema="voice", postgresql_where=sa.text("state <> 'done'"))
    op.drop_table("call", schema="voice")
