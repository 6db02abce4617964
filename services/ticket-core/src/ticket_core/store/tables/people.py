"""Participants, what they are known by, and which of them are one person."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)

from ticket_core.store.tables.schema import ASSURANCES, Id, Moment, metadata

participants = Table(
    "participants",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text),
    Column("locale", Text, nullable=False),
    Column("last_case_id", Id),
    Column("created_at", Moment, nullable=False),
    # Which participants are one person, as `said_of_people` has it; see `ticket_core.domain.persons`.
    Column("merged_into", Id, ForeignKey("participants.id")),
    Column("group_id", Id),
    CheckConstraint("locale IN ('id', 'en')", name="locale"),
    CheckConstraint("(merged_into IS NULL) = (group_id IS NULL OR group_id = id)", name="merged_into"),
    Index("participants_group_idx", "group_id", "id", postgresql_where=text("group_id IS NOT NULL")),
    Index("participants_grouped_idx", "id", postgresql_where=text("group_id IS NOT NULL")),
)

identities = Table(
    "identities",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("participant_id", Id, ForeignKey(participants.c.id)),
    Column("assurance", Text, nullable=False),
    CheckConstraint("octet_length(key) = 16", name="key"),
    CheckConstraint("kind IN ('phone', 'email', 'participant_number', 'conversation')", name="kind"),
    CheckConstraint(f"assurance IN {ASSURANCES}", name="assurance"),
    # Promise: only what was proven makes a fact somebody's.
    CheckConstraint("(participant_id IS NULL) = (assurance = 'claimed')", name="owned_if_proven"),
    Index("identities_participant_id_idx", "participant_id", postgresql_where=text("kind <> 'conversation'")),
)

claims = Table(
    "claims",
    metadata,
    Column("key", LargeBinary, ForeignKey(identities.c.key), primary_key=True),
    Column("participant_id", Id, ForeignKey(participants.c.id), primary_key=True),
    Column("claimed_at", Moment, nullable=False),
    Index("claims_participant_id_idx", "participant_id"),
    Index("claims_claimed_at_idx", "claimed_at", postgresql_using="brin"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("participant_id", Id, ForeignKey(participants.c.id), primary_key=True),
    Column("other_id", Id, ForeignKey(participants.c.id), primary_key=True),
    Column("key", LargeBinary, ForeignKey(identities.c.key), primary_key=True),
    Column("assurance", Text, nullable=False),
    Column("suggested_at", Moment, nullable=False),
    CheckConstraint("participant_id < other_id", name="ordered"),
    CheckConstraint(f"assurance IN {ASSURANCES}", name="assurance"),
    Index("suggestions_other_id_idx", "other_id"),
)

# Pairs that an agent knows to be two people, whatever else they will share.
dismissals = Table(
    "dismissals",
    metadata,
    Column("participant_id", Id, ForeignKey(participants.c.id), primary_key=True),
    Column("other_id", Id, ForeignKey(participants.c.id), primary_key=True),
    CheckConstraint("participant_id < other_id", name="ordered"),
    Index("dismissals_other_id_idx", "other_id"),
)

# What agents said of who is who, never changed, never removed.
said_of_people = Table(
    "said_of_people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("participant_id", Id, ForeignKey(participants.c.id), nullable=False),
    Column("other_id", Id, ForeignKey(participants.c.id)),
    Column("agent_id", Text, nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("reason", Text),
    # The identity that was linked or unlinked.
    Column("key", LargeBinary, ForeignKey(identities.c.key)),
    Index("said_of_people_participant_id_idx", "participant_id"),
    Index("said_of_people_other_id_idx", "other_id", postgresql_where=text("other_id IS NOT NULL")),
)

# How far files of participants were taken over, by the hash of their content: `ticket_core.domain.imports.Progress`.
participant_imports = Table(
    "participant_imports",
    metadata,
    Column("content", Text, primary_key=True),
    Column("line", Integer, nullable=False, server_default="0"),
    Column("place", BigInteger, nullable=False, server_default="0"),
    Column("created", Integer, nullable=False, server_default="0"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("finished", Boolean, nullable=False, server_default=text("false")),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
)

participant_import_faults = Table(
    "participant_import_faults",
    metadata,
    Column("content", Text, ForeignKey(participant_imports.c.content), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("field", Text, primary_key=True),
    Column("reason", Text, nullable=False),
)
