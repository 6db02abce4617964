"""Who is told of entries by webhook, and what became of it.

`stamp`, `case_id`, `seq` are a place in the stream of timelines; see `ticket_core.store.webhook_queue`.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from ticket_core.store.tables.schema import Id, Moment, metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", Text, nullable=False),
    # None means all.
    Column("kinds", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("secret_key", LargeBinary, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("case_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Moment),
    Column("retry_at", Moment),
    Column("succeeded_at", Moment),
    Column("disabled_at", Moment),
    Column("disabled_reason", Text),
    Column("lease", Id),
    Column("leased_until", Moment),
    CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
)

# Secrets that were replaced: until then they sign too, beside the new one.
webhook_former_secrets = Table(
    "webhook_former_secrets",
    metadata,
    Column("webhook_id", Id, ForeignKey(webhooks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("id", Id, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("secret_key", LargeBinary, nullable=False),
    Column("valid_until", Moment, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Id, ForeignKey(webhooks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("case_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("last_status", Integer),
    Column("last_error", Text),
    CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="state"),
    CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
    Index("webhook_deliveries_due_idx", "webhook_id", "next_at", postgresql_where=text("state = 'pending'")),
    Index("webhook_deliveries_latest_idx", "webhook_id", "queued_at", "case_id", "seq"),
)

# Where the stream was at a time: what was committed later has a higher stamp.
webhook_marks = Table(
    "webhook_marks",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
)
