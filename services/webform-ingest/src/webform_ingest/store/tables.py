"""The PostgreSQL schema `web`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Integer, Table, Text

from kawal.database import metadata as schema_metadata
from kawal.kafka.parked import parked_keys_table

metadata = schema_metadata("web")

parked_keys = parked_keys_table(metadata)

# What ticket-core has numbered, in the order in which the participant sees it.
transcript = Table(
    "transcript",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("case_seq", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text),
    Column("text", Text, nullable=False),
    Column("client_id", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    # Whether it still has to be reported as read once the participant has fetched it.
    Column("unread", Boolean, nullable=False),
    CheckConstraint("seq >= 1", name="seq_from_one"),
    Index("transcript_at_idx", "at"),
)

# What the form that began a conversation tells about it.
conversation = Table(
    "conversation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reference", Text),
    Column("routing_key", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Index("conversation_opened_at_idx", "opened_at"),
)

# The latest sign-in link that was used for each address, for as long as it would be valid.
used_sign_in = Table(
    "used_sign_in",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

# Accepted, but not in the transcript yet; `client_id` is 'form' for the submission itself.
accepted = Table(
    "accepted",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("client_id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
