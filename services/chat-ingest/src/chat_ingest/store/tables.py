"""The schema `chat`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Integer, Table, Text

from kawal.database import metadata as schema_metadata
from kawal.kafka import parked_keys_table

metadata = schema_metadata("chat")

transcript = Table(
    "transcript",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text),
    Column("text", Text, nullable=False),
    Column("client_id", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("locale", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("case_number", Text, nullable=False),
    Column("case_seq", BigInteger, nullable=False),
    Column("wants_receipt", Boolean, nullable=False),
    CheckConstraint("seq >= 1", name="seq_from_one"),
    CheckConstraint("author in ('participant', 'agent', 'system')", name="author_known"),
    Index("transcript_at_idx", "at"),
    comment="What was told in each conversation, in its order; written once, from kawal.outbound.chat.v1",
)

parked_keys = parked_keys_table(metadata)
