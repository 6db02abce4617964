"""The heart: people, cases, timeline.

Follows nothing, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kawal.inbox import create_inbox
from kawal.outbox import create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("agents_email_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("agents_pkey")),
        sa.UniqueConstraint("email", name=op.f("agents_email_key")),
        schema="core",
    )
    create_inbox(op, "core")
    op.create_table(
        "number_counter",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("given BETWEEN 0 AND 1000000000", name=op.f("number_counter_given_check")),
        sa.CheckConstraint("id", name=op.f("number_counter_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("number_counter_pkey")),
        schema="core",
    )
    op.create_table(
        "once",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("once_pkey")),
        schema="core",
    )
    op.create_index("once_asked_at_idx", "once", ["asked_at"], unique=False, schema="core")
    create_outbox(op, "core")
    op.create_table(
        "parked_key",
        sa.Column("consumer_group", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("last_letter", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer_group", "topic", "key", name=op.f("parked_key_pkey")),
        schema="core",
    )
    op.create_table(
        "participants",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("last_case_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("locale IN ('id', 'en')", name=op.f("participants_locale_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("participants_pkey")),
        schema="core",
    )
    op.create_table(
        "agent_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["core.agents.id"], name=op.f("agent_sessions_agent_id_fkey")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("agent_sessions_pkey")),
        schema="core",
    )
    op.create_index("agent_sessions_agent_id_idx", "agent_sessions", ["agent_id"], unique=False, schema="core")
    op.create_index("agent_sessions_expires_at_idx", "agent_sessions", ["expires_at"], unique=False, schema="core")
    op.create_table(
        "api_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["core.agents.id"], name=op.f("api_tokens_agent_id_fkey")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("api_tokens_pkey")),
        schema="core",
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("snippet", sa.Text(), nullable=False),
        sa.Column("last_kind", sa.Text(), nullable=True),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("follow_up_of", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('new', 'open', 'pending', 'on_hold')) = (resolved_at IS NULL)",
            name=op.f("cases_resolved_at_check"),
        ),
        sa.CheckConstraint("close_at IS NULL OR state = 'resolved'", name=op.f("cases_close_at_check")),
        sa.CheckConstraint("number ~ '^[0-9]{10}$'", name=op.f("cases_number_check")),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("cases_priority_check")),
        sa.CheckConstraint(
            "state IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')", name=op.f("cases_state_check")
        ),
        sa.CheckConstraint(
            "waiting_since IS NULL OR state NOT IN ('resolved', 'closed')", name=op.f("cases_waiting_since_check")
        ),
        sa.CheckConstraint("last_seq >= 1", name=op.f("cases_last_seq_check")),
        sa.ForeignKeyConstraint(["participant_id"], ["core.participants.id"], name=op.f("cases_participant_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("cases_pkey")),
        sa.UniqueConstraint("number", name=op.f("cases_number_key")),
        schema="core",
    )
    op.create_index(
        "cases_active_idx",
        "cases",
        [sa.literal_column("activity_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="core",
        postgresql_where=sa.text("state IN ('new', 'open', 'pending', 'on_hold')"),
    )
    op.create_index(
        "cases_activity_idx",
        "cases",
        [sa.literal_column("activity_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="core",
    )
    op.create_index(
        "cases_assignee_idx",
        "cases",
        ["assignee_id", sa.literal_column("activity_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="core",
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.create_index("cases_participant_id_idx", "cases", ["participant_id"], unique=False, schema="core")
    op.create_table(
        "identities",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(participant_id IS NULL) = (assurance = 'claimed')", name=op.f("identities_owned_if_proven_check")
        ),
        sa.CheckConstraint(
            "assurance IN ('claimed', 'possessed', 'verified')", name=op.f("identities_assurance_check")
        ),
        sa.CheckConstraint(
            "kind IN ('phone', 'email', 'participant_number', 'conversation')", name=op.f("identities_kind_check")
        ),
        sa.CheckConstraint("octet_length(key) = 16", name=op.f("identities_key_check")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("identities_participant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("identities_pkey")),
        schema="core",
    )
    op.create_index(
        "identities_participant_id_idx",
        "identities",
        ["participant_id"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("kind <> 'conversation'"),
    )
    op.create_table(
        "case_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("case_numbers_case_id_fkey")),
        sa.PrimaryKeyConstraint("number", name=op.f("case_numbers_pkey")),
        schema="core",
    )
    op.create_index(
        "case_numbers_event_idx",
        "case_numbers",
        ["source", "event_id"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )
    op.create_table(
        "claims",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["core.identities.key"], name=op.f("claims_key_fkey")),
        sa.ForeignKeyConstraint(["participant_id"], ["core.participants.id"], name=op.f("claims_participant_id_fkey")),
        sa.PrimaryKeyConstraint("key", "participant_id", name=op.f("claims_pkey")),
        schema="core",
    )
    op.create_index("claims_participant_id_idx", "claims", ["participant_id"], unique=False, schema="core")
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("identities", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("read_seq", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('chat', 'voice', 'web', 'email', 'sms')", name=op.f("conversations_channel_check")
        ),
        sa.CheckConstraint("locale IN ('id', 'en')", name=op.f("conversations_locale_check")),
        sa.CheckConstraint("read_seq BETWEEN 0 AND last_seq", name=op.f("conversations_read_seq_check")),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("conversations_case_id_fkey")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("conversations_participant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("conversations_pkey")),
        schema="core",
    )
    op.create_index(
        "conversations_participant_id_idx", "conversations", ["participant_id"], unique=False, schema="core"
    )
    op.create_table(
        "recording_accesses",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("vault_ref", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("recording_accesses_case_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("recording_accesses_pkey")),
        schema="core",
    )
    op.create_index("recording_accesses_case_id_idx", "recording_accesses", ["case_id"], unique=False, schema="core")
    op.create_table(
        "suggestions",
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("other_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "assurance IN ('claimed', 'possessed', 'verified')", name=op.f("suggestions_assurance_check")
        ),
        sa.CheckConstraint("state IN ('open', 'accepted', 'dismissed')", name=op.f("suggestions_state_check")),
        sa.CheckConstraint("participant_id < other_id", name=op.f("suggestions_ordered_check")),
        sa.ForeignKeyConstraint(["key"], ["core.identities.key"], name=op.f("suggestions_key_fkey")),
        sa.ForeignKeyConstraint(["other_id"], ["core.participants.id"], name=op.f("suggestions_other_id_fkey")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("suggestions_participant_id_fkey")
        ),
        sa.PrimaryKeyConstraint("participant_id", "other_id", "key", name=op.f("suggestions_pkey")),
        schema="core",
    )
    op.create_index("suggestions_other_id_idx", "suggestions", ["other_id"], unique=False, schema="core")
    op.create_table(
        "timeline",
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("conversation_seq", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("about", sa.Integer(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("author IN ('participant', 'agent', 'system')", name=op.f("timeline_author_check")),
        sa.CheckConstraint("channel IN ('chat', 'voice', 'web', 'email', 'sms')", name=op.f("timeline_channel_check")),
        sa.CheckConstraint("about < seq", name=op.f("timeline_about_check")),
        sa.CheckConstraint(
            "conversation_seq IS NULL OR conversation_id IS NOT NULL", name=op.f("timeline_conversation_check")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("timeline_seq_check")),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("timeline_case_id_fkey")),
        sa.PrimaryKeyConstraint("case_id", "seq", name=op.f("timeline_pkey")),
        schema="core",
    )
    op.create_index(
        "timeline_about_idx",
        "timeline",
        ["case_id", "about"],
        unique=False,
        schema="core",
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.create_index(
        "timeline_conversation_idx",
        "timeline",
        ["conversation_id", "conversation_seq"],
        unique=True,
        schema="core",
        postgresql_where=sa.text("conversation_seq IS NOT NULL"),
    )
    op.create_index("timeline_stream_idx", "timeline", ["stamp", "case_id", "seq"], unique=False, schema="core")
    op.create_table(
        "timers",
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("timers_case_id_fkey")),
        sa.PrimaryKeyConstraint("case_id", "kind", name=op.f("timers_pkey")),
        schema="core",
    )
    op.create_index("timers_fire_at_idx", "timers", ["fire_at"], unique=False, schema="core")


def downgrade() -> None:
    op.drop_index("timers_fire_at_idx", table_name="timers", schema="core")
    op.drop_table("timers", schema="core")
    op.drop_index("timeline_stream_idx", table_name="timeline", schema="core")
    op.drop_index(
        "timeline_conversation_idx",
        table_name="timeline",
        schema="core",
        postgresql_where=sa.text("conversation_seq IS NOT NULL"),
    )
    op.drop_index(
        "timeline_about_idx", table_name="timeline", schema="core", postgresql_where=sa.text("about IS NOT NULL")
    )
    op.drop_table("timeline", schema="core")
    op.drop_index("suggestions_other_id_idx", table_name="suggestions", schema="core")
    op.drop_table("suggestions", schema="core")
    op.drop_index("recording_accesses_case_id_idx", table_name="recording_accesses", schema="core")
    op.drop_table("recording_accesses", schema="core")
    op.drop_index("conversations_participant_id_idx", table_name="conversations", schema="core")
    op.drop_table("conversations", schema="core")
    op.drop_index("claims_participant_id_idx", table_name="claims", schema="core")
    op.drop_table("claims", schema="core")
    op.drop_index(
        "case_numbers_event_idx",
        table_name="case_numbers",
        schema="core",
        postgresql_where=sa.text("event_id IS NOT NULL"),
    )
    op.drop_table("case_numbers", schema="core")
    op.drop_index(
        "identities_participant_id_idx",
        table_name="identities",
        schema="core",
        postgresql_where=sa.text("kind <> 'conversation'"),
    )
    op.drop_table("identities", schema="core")
    op.drop_index("cases_participant_id_idx", table_name="cases", schema="core")
    op.drop_index(
        "cases_assignee_idx",
        table_name="cases",
        schema="core",
        postgresql_where=sa.text("assignee_id IS NOT NULL"),
    )
    op.drop_index("cases_activity_idx", table_name="cases", schema="core")
    op.drop_index(
        "cases_active_idx",
        table_name="cases",
        schema="core",
        postgresql_where=sa.text("state IN ('new', 'open', 'pending', 'on_hold')"),
    )
    op.drop_table("cases", schema="core")
    op.drop_table("api_tokens", schema="core")
    op.drop_index("agent_sessions_expires_at_idx", table_name="agent_sessions", schema="core")
    op.drop_index("agent_sessions_agent_id_idx", table_name="agent_sessions", schema="core")
    op.drop_table("agent_sessions", schema="core")
    op.drop_table("participants", schema="core")
    op.drop_table("parked_key", schema="core")
    op.drop_table("outbox", schema="core")
    op.drop_index("once_asked_at_idx", table_name="once", schema="core")
    op.drop_table("once", schema="core")
    op.drop_table("number_counter", schema="core")
    op.drop_table("inbox", schema="core")
    op.drop_table("agents", schema="core")
