"""Cases and their timelines.

`timeline` is the truth. `cases` is its fold, kept for reading; `conversations`, `timers`, `case_numbers` and the outbox
are written in the same transaction. Everything below a participant is locked by its row in `participants`.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ticket_core.store.tables.people import participants
from ticket_core.store.tables.schema import ACTIVE, CHANNELS, Id, Moment, metadata

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("participant_id", Id, ForeignKey(participants.c.id), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("activity_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("topic", Text),
    Column("priority", Text, nullable=False),
    Column("assignee_id", Id),
    Column("subject", Text, nullable=False),
    Column("snippet", Text, nullable=False),
    # What the case is known by when its participant comes again; see `ticket_core.domain.fingerprint`.
    Column("gist", Text, nullable=False, server_default=""),
    Column("last_kind", Text),
    Column("channels", ARRAY(Text), nullable=False),
    Column("aliases", ARRAY(Text), nullable=False),
    Column("heard", ARRAY(Text), nullable=False, server_default="{}"),
    Column("conversation_id", Text),
    Column("follow_up_of", Id),
    Column("waiting_since", Moment),
    Column("resolved_at", Moment),
    Column("close_at", Moment),
    Column("last_seq", Integer, nullable=False),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("reason", Text),
    Column("fields", JSONB, nullable=False, server_default=text("'{}'")),
    # What it is part of, and what it was before: `ticket_core.domain.case.Merged`.
    Column("merged", JSONB),
    # No foreign key: many cases that join one incident need not wait for one another.
    Column("incident_id", Id),
    Column("told_update", Text),
    # `ticket_core.domain.case.Ties`.
    Column("ties", JSONB),
    # What the participant was promised: `ticket_core.domain.clocks.Clocks`; and, for lists and alarms, its `Deadlines`.
    Column("clocks", JSONB),
    Column("due_at", Moment),
    Column("risk_at", Moment),
    Column("alarm_at", Moment),
    Column("stamp", BigInteger, nullable=False),
    CheckConstraint("number ~ '^[0-9]{10}$'", name="number"),
    CheckConstraint("state IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')", name="state"),
    CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
    CheckConstraint(f"({ACTIVE}) = (resolved_at IS NULL)", name="resolved_at"),
    CheckConstraint("close_at IS NULL OR state = 'resolved'", name="close_at"),
    CheckConstraint("reason IS NULL OR state IN ('on_hold', 'resolved', 'closed')", name="reason"),
    CheckConstraint("waiting_since IS NULL OR state NOT IN ('resolved', 'closed')", name="waiting_since"),
    CheckConstraint("last_seq >= 1", name="last_seq"),
    CheckConstraint("merged IS NULL OR state = 'closed'", name="merged"),
    Index("cases_participant_id_idx", "participant_id"),
    Index("cases_merged_idx", "participant_id", postgresql_where=text("merged IS NOT NULL")),
    Index("cases_activity_idx", text("activity_at DESC"), text("id DESC")),
    Index(
        "cases_assignee_idx",
        "assignee_id",
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_where=text("assignee_id IS NOT NULL"),
    ),
    Index("cases_active_idx", text("activity_at DESC"), text("id DESC"), postgresql_where=text(ACTIVE)),
    Index("cases_opened_idx", text("opened_at DESC"), text("id DESC")),
    Index("cases_follow_up_idx", "follow_up_of", postgresql_where=text("follow_up_of IS NOT NULL")),
    Index("cases_incident_idx", "incident_id", "id", postgresql_where=text("incident_id IS NOT NULL")),
    Index("cases_due_idx", "due_at", "id", postgresql_where=text("due_at IS NOT NULL")),
    Index("cases_alarm_idx", "alarm_at", "id", postgresql_where=text("alarm_at IS NOT NULL")),
    Index("cases_waiting_idx", "waiting_since", "id", postgresql_where=text("waiting_since IS NOT NULL")),
    Index(
        "cases_urgency_idx",
        text("core.urgency(priority) DESC"),
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_where=text(ACTIVE),
    ),
    Index(
        "cases_active_group_idx",
        text("split_part(topic, '.', 1)"),
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_where=text(f"{ACTIVE} AND topic IS NOT NULL"),
    ),
    Index(
        "cases_topic_idx",
        "topic",
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_ops={"topic": "text_pattern_ops"},
        postgresql_where=text("topic IS NOT NULL"),
    ),
)

case_numbers = Table(
    "case_numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("case_id", Id, ForeignKey(cases.c.id), nullable=False),
    Column("source", Text),
    Column("event_id", Text),
    Index("case_numbers_event_idx", "source", "event_id", postgresql_where=text("event_id IS NOT NULL")),
)

number_counter = Table(
    "number_counter",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("given", BigInteger, nullable=False),
    CheckConstraint("id", name="one_row"),
    CheckConstraint("given BETWEEN 0 AND 1000000000", name="given"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("participant_id", Id, ForeignKey(participants.c.id), nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text),
    Column("identities", JSONB, nullable=False),
    Column("case_id", Id, ForeignKey(cases.c.id), nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("read_seq", Integer, nullable=False),
    CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
    CheckConstraint("locale IN ('id', 'en')", name="locale"),
    CheckConstraint("read_seq BETWEEN 0 AND last_seq", name="read_seq"),
    Index("conversations_participant_id_idx", "participant_id"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_id", Text),
    Column("author_name", Text),
    Column("channel", Text),
    Column("conversation_id", Text),
    Column("conversation_seq", Integer),
    Column("text", Text, nullable=False),
    Column("state", Text),
    Column("about", Integer),
    Column("payload", JSONB, nullable=False),
    # What the clocks are afterwards, where the entry moves one.
    Column("clocks", JSONB),
    # Where the entry stands in the stream of all cases; see `ticket_core.store.stream`.
    Column("stamp", BigInteger, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("author IN ('participant', 'agent', 'system')", name="author"),
    CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
    CheckConstraint("conversation_seq IS NULL OR conversation_id IS NOT NULL", name="conversation"),
    CheckConstraint("about < seq", name="about"),
    Index(
        "timeline_conversation_idx",
        "conversation_id",
        "conversation_seq",
        unique=True,
        postgresql_where=text("conversation_seq IS NOT NULL"),
    ),
    Index("timeline_about_idx", "case_id", "about", postgresql_where=text("about IS NOT NULL")),
    Index("timeline_stream_idx", "stamp", "case_id", "seq"),
    Index(
        "timeline_mentions_idx",
        "payload",
        postgresql_using="gin",
        postgresql_ops={"payload": "jsonb_path_ops"},
        postgresql_where=text("kind = 'note'"),
    ),
)

timers = Table(
    "timers",
    metadata,
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    # When to fire it (again): a scheduler that takes a timer moves this on, and another one waits for that long.
    Column("fire_at", Moment, nullable=False),
    Index("timers_fire_at_idx", "fire_at"),
)

once = Table(
    "once",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", JSONB),
    Column("asked_at", Moment, nullable=False),
    Index("once_asked_at_idx", "asked_at"),
)

recording_accesses = Table(
    "recording_accesses",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("case_id", Id, ForeignKey(cases.c.id), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("vault_ref", Text, nullable=False),
    Index("recording_accesses_case_id_idx", "case_id"),
)
