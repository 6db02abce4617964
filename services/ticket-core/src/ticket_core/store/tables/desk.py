"""Agents, how they sign in, whether they are there, and what they keep for themselves."""

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
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ticket_core.store.tables.cases import cases
from ticket_core.store.tables.schema import Id, Moment, metadata

agents = Table(
    "agents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("email = lower(email)", name="email"),
)

agent_sessions = Table(
    "agent_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("agent_sessions_agent_id_idx", "agent_id"),
    Index("agent_sessions_expires_at_idx", "expires_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent_id", Id, ForeignKey(agents.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

agent_profiles = Table(
    "agent_profiles",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), primary_key=True),
    Column("capacity", Integer),
    Column("skills", ARRAY(Text), nullable=False),
    Column("languages", ARRAY(Text), nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    CheckConstraint("capacity >= 0", name="capacity"),
    CheckConstraint("languages <@ ARRAY['id', 'en']", name="languages"),
)

attendance = Table(
    "attendance",
    metadata,
    Column("agent_id", Id, ForeignKey(agents.c.id), primary_key=True),
    Column("chosen", Text, nullable=False),
    Column("chosen_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    # When routing gave him something last.
    Column("given_at", Moment),
    CheckConstraint("chosen IN ('available', 'away', 'offline')", name="chosen"),
)

# What the expected wait is measured by: each waiting that ended in the last hour or so.
queue_departures = Table(
    "queue_departures",
    metadata,
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    Column("waiting_since", Moment, primary_key=True),
    Column("left_at", Moment, nullable=False),
    Column("skills", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    Column("weight", Integer, nullable=False),
    Index("queue_departures_left_at_idx", "left_at"),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Id, primary_key=True),
    # No foreign key: the bootstrap token acts for nobody in `agents`.
    Column("owner_id", Id, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("filter", JSONB, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner_id", "name"),
    Index("saved_views_shared_idx", "name", postgresql_where=text("shared")),
)

# Up to which stamp an agent has seen who calls him in notes.
mention_marks = Table(
    "mention_marks",
    metadata,
    # No foreign key: the bootstrap token acts for nobody in `agents`.
    Column("agent_id", Id, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
)

# Of an agent or of a team. Without a definition it was removed: its versions go on if the key is used again.
desk_macros = Table(
    "desk_macros",
    metadata,
    Column("key", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("owner_id", Text),
    Column("team", Text),
    Column("definition", Text),
    Column("at", Moment, nullable=False),
    Column("agent_name", Text, nullable=False),
    CheckConstraint("(owner_id IS NULL) <> (team IS NULL)", name="whose"),
    CheckConstraint("version >= 1", name="version"),
    Index("desk_macros_owner_idx", "owner_id"),
    Index("desk_macros_team_idx", "team"),
)
