"""The PostgreSQL schema `notify`."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)

from kawal.database import metadata as schema_metadata
from kawal.inbox import inbox_table
from kawal.kafka.parked import parked_keys_table
from kawal.outbox import outbox_table

metadata = schema_metadata("notify")

inbox = inbox_table(metadata)
outbox = outbox_table(metadata)
parked_keys = parked_keys_table(metadata)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("case_seq", Integer, nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("after", Text),
    Column("traceparent", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # When notifier has to send it (again). NULL: an edge carries it, it waits for another to fail, or it is over.
    Column("due_at", DateTime(timezone=True)),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("state", Text),
    Column("detail", Text),
    CheckConstraint("state IN ('sent', 'delivered', 'read', 'failed')", name="state_known"),
    CheckConstraint("due_at IS NULL OR state IS NULL", name="over_is_not_due"),
    Index("ix_delivery_due", "channel", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index(
        "ix_delivery_turn",
        "conversation_id",
        "channel",
        "position",
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index("ix_delivery_worded", "created_at", postgresql_where=text("text <> ''")),
    Index("ix_delivery_blank", "created_at", postgresql_where=text("text = ''")),
    Index("ix_delivery_after", "after", postgresql_where=text("after IS NOT NULL")),
    Index(
        "ix_delivery_unseen",
        "created_at",
        postgresql_where=text("state IN ('sent', 'delivered') AND channel = 'chat'"),
    ),
)
