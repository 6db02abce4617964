"""Incidents, whom their updates were told, and the topics that rise."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ticket_core.store.tables.cases import cases
from ticket_core.store.tables.schema import Id, Moment, metadata

incidents = Table(
    "incidents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title_id", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("topic", Text),
    Column("state", Text, nullable=False, server_default="open"),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("resolved_at", Moment),
    Column("resolved_by", Text),
    # How many updates there were.
    Column("updates", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("state IN ('open', 'resolved')", name="state"),
    CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_at"),
    Index("incidents_created_idx", text("created_at DESC"), text("id DESC")),
    Index("incidents_open_idx", text("created_at DESC"), text("id DESC"), postgresql_where=text("state = 'open'")),
)

incident_updates = Table(
    "incident_updates",
    metadata,
    Column("incident_id", Id, ForeignKey(incidents.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("text_id", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("key", Text),
    CheckConstraint("seq >= 1", name="seq"),
    UniqueConstraint("incident_id", "key"),
)

# Whom an update is for, and what became of telling it: the place at which `incident_updates` goes on.
incident_tellings = Table(
    "incident_tellings",
    metadata,
    Column("incident_id", Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    # `told`, or the code of the problem; null while it waits.
    Column("result", Text),
    Column("told_at", Moment),
    ForeignKeyConstraint(["incident_id", "seq"], [incident_updates.c.incident_id, incident_updates.c.seq]),
    Index("incident_tellings_waiting_idx", "incident_id", "seq", "case_id", postgresql_where=text("result IS NULL")),
)

# Learnt by `ticket_core.rising`: how many people opened a case about a topic in an hour; in all for the topic `*`.
topic_hours = Table(
    "topic_hours",
    metadata,
    Column("hour", Moment, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("people", Integer, nullable=False),
)

# Topics that are above their usual: the suggestions of incidents. The topic is empty where words named none.
topic_rises = Table(
    "topic_rises",
    metadata,
    Column("id", Id, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("incident_id", Id, ForeignKey(incidents.c.id)),
    Column("since", Moment, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("over_at", Moment),
    Column("people", Integer, nullable=False),
    Column("per_hour", Float, nullable=False),
    Column("usual_per_hour", Float, nullable=False),
    Column("words", ARRAY(Text), nullable=False),
    Column("decided_by", Text),
    CheckConstraint("state IN ('open', 'accepted', 'dismissed')", name="state"),
    CheckConstraint("(state = 'accepted') = (incident_id IS NOT NULL)", name="incident"),
    # Promise: the same rise is suggested once, whatever became of the suggestion.
    Index("topic_rises_topic_idx", "topic", unique=True, postgresql_where=text("over_at IS NULL")),
    Index("topic_rises_open_idx", "found_at", postgresql_where=text("state = 'open'")),
    Index("topic_rises_incident_idx", "incident_id", postgresql_where=text("incident_id IS NOT NULL")),
)

topic_rise_cases = Table(
    "topic_rise_cases",
    metadata,
    Column("rise_id", Id, ForeignKey(topic_rises.c.id), primary_key=True),
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
)
