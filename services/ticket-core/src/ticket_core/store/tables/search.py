"""What search reads: written by `ticket_core.indexing` behind the timeline, never by the write path."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from ticket_core.store.tables.cases import cases
from ticket_core.store.tables.people import participants
from ticket_core.store.tables.schema import Id, metadata

case_search = Table(
    "case_search",
    metadata,
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    # Names and addresses of the participant, without accents and capitals.
    Column("who", Text, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    # Without fast update: a list of what is pending would have to be read by each search.
    Index("case_search_words_idx", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    Index(
        "case_search_who_idx",
        "who",
        postgresql_using="gin",
        postgresql_ops={"who": "public.gin_trgm_ops"},
        postgresql_with={"fastupdate": "off"},
    ),
)

# Participants of whom something is new that no entry of their cases tells: indexing takes up the cases of each row.
search_stale = Table(
    "search_stale",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("participant_id", Id, ForeignKey(participants.c.id), nullable=False),
)

search_place = Table(
    "search_place",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("stamp", BigInteger, nullable=False),
    Column("case_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    CheckConstraint("id", name="one_row"),
)
