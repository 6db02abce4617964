"""The schema `voice`: the calls that are to be placed, and what became of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kawal.database import metadata as schema
from kawal.kafka import parked_keys_table

metadata = schema("voice")

parked_keys = parked_keys_table(metadata)

# `queued` waits for `due_at`; `placing` was or will be handed to the provider; `placed` rings or is spoken;
# `done` has an `outcome`. At `due_at`, whoever comes first looks after a call that is `placing` or `placed`.
call = Table(
    "call",
    metadata,
    Column("delivery_id", Text, primary_key=True),
    # The order in which the answers were given, which is the order in which a participant hears them.
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("conversation_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("case_seq", Integer, nullable=False),
    Column("locale", Text, nullable=False),
    Column("to_number", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("traceparent", Text),
    Column("state", Text, nullable=False, server_default=text("'queued'")),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("placed_at", DateTime(timezone=True)),
    Column("call_id", Text),
    Column("call_ids", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("heard", Boolean, nullable=False, server_default=text("false")),
    Column("outcome", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("state in ('queued', 'placing', 'placed', 'done')", name="state_known"),
    CheckConstraint("(state = 'done') = (outcome is not null)", name="done_has_outcome"),
    CheckConstraint("state <> 'placed' or call_id is not null", name="placed_has_call"),
    Index("call_due", "state", "due_at", postgresql_where=text("state <> 'done'")),
    Index("call_number", "to_number", "position"),
    Index("call_over", "created_at", postgresql_where=text("state = 'done'")),
)
