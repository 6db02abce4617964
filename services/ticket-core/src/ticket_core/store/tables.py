"""The PostgreSQL schema `core`.

`timeline` is the truth. `cases` is its fold, kept for reading; `conversations`, `timers`, `case_numbers` and `outbox`
are written in the same transaction. Everything below a participant is locked by its row in `participants`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from kawal.database import metadata as schema_metadata
from kawal.inbox import inbox_table
from kawal.kafka.parked import parked_keys_table
from kawal.outbox import outbox_table

metadata = schema_metadata("core")

inbox = inbox_table(metadata)
outbox = outbox_table(metadata)
parked_keys = parked_keys_table(metadata)

_ACTIVE = "state IN ('new', 'open', 'pending', 'on_hold')"
_CHANNELS = "('chat', 'voice', 'web', 'email', 'sms')"
_ASSURANCES = "('claimed', 'possessed', 'verified')"
_Moment = DateTime(timezone=True)
_Id = Uuid(as_uuid=False)

participants = Table(
    "participants",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text),
    Column("locale", Text, nullable=False),
    Column("last_case_id", _Id),
    Column("created_at", _Moment, nullable=False),
    # Which participants are one person, as `said_of_people` has it; see `ticket_core.domain.persons`.
    Column("merged_into", _Id, ForeignKey("participants.id")),
    Column("group_id", _Id),
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
    Column("participant_id", _Id, ForeignKey(participants.c.id)),
    Column("assurance", Text, nullable=False),
    CheckConstraint("octet_length(key) = 16", name="key"),
    CheckConstraint("kind IN ('phone', 'email', 'participant_number', 'conversation')", name="kind"),
    CheckConstraint(f"assurance IN {_ASSURANCES}", name="assurance"),
    # Promise: only what was proven makes a fact somebody's.
    CheckConstraint("(participant_id IS NULL) = (assurance = 'claimed')", name="owned_if_proven"),
    Index("identities_participant_id_idx", "participant_id", postgresql_where=text("kind <> 'conversation'")),
)

claims = Table(
    "claims",
    metadata,
    Column("key", LargeBinary, ForeignKey(identities.c.key), primary_key=True),
    Column("participant_id", _Id, ForeignKey(participants.c.id), primary_key=True),
    Column("claimed_at", _Moment, nullable=False),
    Index("claims_participant_id_idx", "participant_id"),
    Index("claims_claimed_at_idx", "claimed_at", postgresql_using="brin"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("participant_id", _Id, ForeignKey(participants.c.id), primary_key=True),
    Column("other_id", _Id, ForeignKey(participants.c.id), primary_key=True),
    Column("key", LargeBinary, ForeignKey(identities.c.key), primary_key=True),
    Column("assurance", Text, nullable=False),
    Column("suggested_at", _Moment, nullable=False),
    CheckConstraint("participant_id < other_id", name="ordered"),
    CheckConstraint(f"assurance IN {_ASSURANCES}", name="assurance"),
    Index("suggestions_other_id_idx", "other_id"),
)

# Pairs that an agent knows to be two people, whatever else they will share.
dismissals = Table(
    "dismissals",
    metadata,
    Column("participant_id", _Id, ForeignKey(participants.c.id), primary_key=True),
    Column("other_id", _Id, ForeignKey(participants.c.id), primary_key=True),
    CheckConstraint("participant_id < other_id", name="ordered"),
    Index("dismissals_other_id_idx", "other_id"),
)

# What agents said of who is who, never changed, never removed.
said_of_people = Table(
    "said_of_people",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("participant_id", _Id, ForeignKey(participants.c.id), nullable=False),
    Column("other_id", _Id, ForeignKey(participants.c.id)),
    Column("agent_id", Text, nullable=False),
    Column("agent_name", Text, nullable=False),
    Column("reason", Text),
    # The identity that was linked or unlinked.
    Column("key", LargeBinary, ForeignKey(identities.c.key)),
    Index("said_of_people_participant_id_idx", "participant_id"),
    Index("said_of_people_other_id_idx", "other_id", postgresql_where=text("other_id IS NOT NULL")),
)

cases = Table(
    "cases",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("participant_id", _Id, ForeignKey(participants.c.id), nullable=False),
    Column("opened_at", _Moment, nullable=False),
    Column("activity_at", _Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("topic", Text),
    Column("priority", Text, nullable=False),
    Column("assignee_id", _Id),
    Column("subject", Text, nullable=False),
    Column("snippet", Text, nullable=False),
    # What the case is known by when its participant comes again; see `ticket_core.domain.fingerprint`.
    Column("gist", Text, nullable=False, server_default=""),
    Column("last_kind", Text),
    Column("channels", ARRAY(Text), nullable=False),
    Column("aliases", ARRAY(Text), nullable=False),
    Column("heard", ARRAY(Text), nullable=False, server_default="{}"),
    Column("conversation_id", Text),
    Column("follow_up_of", _Id),
    Column("waiting_since", _Moment),
    Column("resolved_at", _Moment),
    Column("close_at", _Moment),
    Column("last_seq", Integer, nullable=False),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("reason", Text),
    Column("fields", JSONB, nullable=False, server_default=text("'{}'")),
    # What it is part of, and what it was before: `ticket_core.domain.case.Merged`.
    Column("merged", JSONB),
    # No foreign key: many cases that join one incident need not wait for one another.
    Column("incident_id", _Id),
    Column("told_update", Text),
    Column("stamp", BigInteger, nullable=False),
    CheckConstraint("number ~ '^[0-9]{10}$'", name="number"),
    CheckConstraint("state IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')", name="state"),
    CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
    CheckConstraint(f"({_ACTIVE}) = (resolved_at IS NULL)", name="resolved_at"),
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
    Index("cases_active_idx", text("activity_at DESC"), text("id DESC"), postgresql_where=text(_ACTIVE)),
    Index("cases_opened_idx", text("opened_at DESC"), text("id DESC")),
    Index("cases_incident_idx", "incident_id", "id", postgresql_where=text("incident_id IS NOT NULL")),
    Index("cases_waiting_idx", "waiting_since", "id", postgresql_where=text("waiting_since IS NOT NULL")),
    Index(
        "cases_urgency_idx",
        text("core.urgency(priority) DESC"),
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_where=text(_ACTIVE),
    ),
    Index(
        "cases_topic_idx",
        "topic",
        text("activity_at DESC"),
        text("id DESC"),
        postgresql_where=text("topic IS NOT NULL"),
    ),
)

case_numbers = Table(
    "case_numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("case_id", _Id, ForeignKey(cases.c.id), nullable=False),
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
    Column("participant_id", _Id, ForeignKey(participants.c.id), nullable=False),
    Column("locale", Text, nullable=False),
    Column("name", Text),
    Column("identities", JSONB, nullable=False),
    Column("case_id", _Id, ForeignKey(cases.c.id), nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("read_seq", Integer, nullable=False),
    CheckConstraint(f"channel IN {_CHANNELS}", name="channel"),
    CheckConstraint("locale IN ('id', 'en')", name="locale"),
    CheckConstraint("read_seq BETWEEN 0 AND last_seq", name="read_seq"),
    Index("conversations_participant_id_idx", "participant_id"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", _Moment, nullable=False),
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
    # Where the entry stands in the stream of all cases; see `ticket_core.store.stream`.
    Column("stamp", BigInteger, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    CheckConstraint("author IN ('participant', 'agent', 'system')", name="author"),
    CheckConstraint(f"channel IN {_CHANNELS}", name="channel"),
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
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("due_at", _Moment, nullable=False),
    # When to fire it (again): a scheduler that takes a timer moves this on, and another one waits for that long.
    Column("fire_at", _Moment, nullable=False),
    Index("timers_fire_at_idx", "fire_at"),
)

agents = Table(
    "agents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", _Moment, nullable=False, server_default=func.now()),
    CheckConstraint("email = lower(email)", name="email"),
)

agent_sessions = Table(
    "agent_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent_id", _Id, ForeignKey(agents.c.id), nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("expires_at", _Moment, nullable=False),
    Index("agent_sessions_agent_id_idx", "agent_id"),
    Index("agent_sessions_expires_at_idx", "expires_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("agent_id", _Id, ForeignKey(agents.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", _Moment, nullable=False, server_default=func.now()),
)

agent_profiles = Table(
    "agent_profiles",
    metadata,
    Column("agent_id", _Id, ForeignKey(agents.c.id), primary_key=True),
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
    Column("agent_id", _Id, ForeignKey(agents.c.id), primary_key=True),
    Column("chosen", Text, nullable=False),
    Column("chosen_at", _Moment, nullable=False),
    Column("seen_at", _Moment, nullable=False),
    # When routing gave him something last.
    Column("given_at", _Moment),
    CheckConstraint("chosen IN ('available', 'away', 'offline')", name="chosen"),
)

# What the expected wait is measured by: each waiting that ended in the last hour or so.
queue_departures = Table(
    "queue_departures",
    metadata,
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
    Column("waiting_since", _Moment, primary_key=True),
    Column("left_at", _Moment, nullable=False),
    Column("skills", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    Column("weight", Integer, nullable=False),
    Index("queue_departures_left_at_idx", "left_at"),
)

once = Table(
    "once",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("answer", JSONB),
    Column("asked_at", _Moment, nullable=False),
    Index("once_asked_at_idx", "asked_at"),
)

recording_accesses = Table(
    "recording_accesses",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", _Moment, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("case_id", _Id, ForeignKey(cases.c.id), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("vault_ref", Text, nullable=False),
    Index("recording_accesses_case_id_idx", "case_id"),
)

# Written by `ticket_core.indexing` behind the timeline, never by the write path.
case_search = Table(
    "case_search",
    metadata,
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
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

search_place = Table(
    "search_place",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("stamp", BigInteger, nullable=False),
    Column("case_id", _Id, nullable=False),
    Column("seq", Integer, nullable=False),
    CheckConstraint("id", name="one_row"),
)

# `stamp`, `case_id`, `seq` are its place in the stream of timelines; see `ticket_core.store.webhook_queue`.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("url", Text, nullable=False),
    # None means all.
    Column("kinds", ARRAY(Text), nullable=False),
    Column("description", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("secret_key", LargeBinary, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", _Moment, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("case_id", _Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", _Moment),
    Column("retry_at", _Moment),
    Column("succeeded_at", _Moment),
    Column("disabled_at", _Moment),
    Column("disabled_reason", Text),
    Column("lease", _Id),
    Column("leased_until", _Moment),
    CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", _Id, ForeignKey(webhooks.c.id, ondelete="CASCADE"), primary_key=True),
    Column("case_id", _Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", _Moment, nullable=False),
    Column("next_at", _Moment, nullable=False),
    Column("settled_at", _Moment),
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
    Column("at", _Moment, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", _Id, primary_key=True),
    # No foreign key: the bootstrap token acts for nobody in `agents`.
    Column("owner_id", _Id, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("filter", JSONB, nullable=False),
    Column("created_at", _Moment, nullable=False),
    UniqueConstraint("owner_id", "name"),
    Index("saved_views_shared_idx", "name", postgresql_where=text("shared")),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("title_id", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("topic", Text),
    Column("state", Text, nullable=False, server_default="open"),
    Column("created_at", _Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("resolved_at", _Moment),
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
    Column("incident_id", _Id, ForeignKey(incidents.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", _Moment, nullable=False),
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
    Column("incident_id", _Id, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
    # `told`, or the code of the problem; null while it waits.
    Column("result", Text),
    Column("told_at", _Moment),
    ForeignKeyConstraint(["incident_id", "seq"], [incident_updates.c.incident_id, incident_updates.c.seq]),
    Index("incident_tellings_waiting_idx", "incident_id", "seq", "case_id", postgresql_where=text("result IS NULL")),
)

# Learnt by `ticket_core.rising`: how many people opened a case about a topic in an hour; in all for the topic `*`.
topic_hours = Table(
    "topic_hours",
    metadata,
    Column("hour", _Moment, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("people", Integer, nullable=False),
)

# Topics that are above their usual: the suggestions of incidents. The topic is empty where words named none.
topic_rises = Table(
    "topic_rises",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("incident_id", _Id, ForeignKey(incidents.c.id)),
    Column("since", _Moment, nullable=False),
    Column("found_at", _Moment, nullable=False),
    Column("seen_at", _Moment, nullable=False),
    Column("over_at", _Moment),
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
    Column("rise_id", _Id, ForeignKey(topic_rises.c.id), primary_key=True),
    Column("case_id", _Id, ForeignKey(cases.c.id), primary_key=True),
)
