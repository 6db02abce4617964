"""Incidents: many cases, one cause; how many people usually come with a topic.

Follows 0010, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_id = sa.Uuid(as_uuid=False)
_moment = sa.DateTime(timezone=True)
_latest = [sa.text("created_at DESC"), sa.text("id DESC")]


def upgrade() -> None:
    op.add_column("cases", sa.Column("incident_id", _id, nullable=True), schema="core")
    op.add_column("cases", sa.Column("told_update", sa.Text(), nullable=True), schema="core")
    op.create_index(
        "cases_incident_idx",
        "cases",
        ["incident_id", "id"],
        schema="core",
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    _incidents()
    _rises()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _id, nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("resolved_at", _moment, nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("updates", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("incidents_state_check")),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("incidents_resolved_at_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("incidents_pkey")),
        schema="core",
    )
    op.create_index("incidents_created_idx", "incidents", _latest, schema="core")
    op.create_index(
        "incidents_open_idx", "incidents", _latest, schema="core", postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "incident_updates",
        sa.Column("incident_id", _id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _moment, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("text_id", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.CheckConstraint("seq >= 1", name=op.f("incident_updates_seq_check")),
        sa.ForeignKeyConstraint(["incident_id"], ["core.incidents.id"], name=op.f("incident_updates_incident_id_fkey")),
        sa.PrimaryKeyConstraint("incident_id", "seq", name=op.f("incident_updates_pkey")),
        sa.UniqueConstraint("incident_id", "key", name=op.f("incident_updates_incident_id_key_key")),
        schema="core",
    )
    op.create_table(
        "incident_tellings",
        sa.Column("incident_id", _id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_id", _id, nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("told_at", _moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id", "seq"],
            ["core.incident_updates.incident_id", "core.incident_updates.seq"],
            name=op.f("incident_tellings_incident_id_seq_fkey"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("incident_tellings_case_id_fkey")),
        sa.PrimaryKeyConstraint("incident_id", "seq", "case_id", name=op.f("incident_tellings_pkey")),
        schema="core",
    )
    op.create_index(
        "incident_tellings_waiting_idx",
        "incident_tellings",
        ["incident_id", "seq", "case_id"],
        schema="core",
        postgresql_where=sa.text("result IS NULL"),
    )


def _rises() -> None:
    op.create_table(
        "topic_hours",
        sa.Column("hour", _moment, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "topic", name=op.f("topic_hours_pkey")),
        schema="core",
    )
    op.create_table(
        "topic_rises",
        sa.Column("id", _id, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("incident_id", _id, nullable=True),
        sa.Column("since", _moment, nullable=False),
        sa.Column("found_at", _moment, nullable=False),
        sa.Column("seen_at", _moment, nullable=False),
        sa.Column("over_at", _moment, nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("per_hour", sa.Float(), nullable=False),
        sa.Column("usual_per_hour", sa.Float(), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'accepted', 'dismissed')", name=op.f("topic_rises_state_check")),
        sa.CheckConstraint("(state = 'accepted') = (incident_id IS NOT NULL)", name=op.f("topic_rises_incident_check")),
        sa.ForeignKeyConstraint(["incident_id"], ["core.incidents.id"], name=op.f("topic_rises_incident_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("topic_rises_pkey")),
        schema="core",
    )
    for name, column, unique, where in (
        ("topic_rises_topic_idx", "topic", True, "over_at IS NULL"),
        ("topic_rises_open_idx", "found_at", False, "state = 'open'"),
        ("topic_rises_incident_idx", "incident_id", False, "incident_id IS NOT NULL"),
    ):
        op.create_index(name, "topic_rises", [column], unique=unique, schema="core", postgresql_where=sa.text(where))
    op.create_table(
        "topic_rise_cases",
        sa.Column("rise_id", _id, nullable=False),
        sa.Column("case_id", _id, nullable=False),
        sa.ForeignKeyConstraint(["rise_id"], ["core.topic_rises.id"], name=op.f("topic_rise_cases_rise_id_fkey")),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("topic_rise_cases_case_id_fkey")),
        sa.PrimaryKeyConstraint("rise_id", "case_id", name=op.f("topic_rise_cases_pkey")),
        schema="core",
    )


def downgrade() -> None:
    tables = ("topic_rise_cases", "topic_rises", "topic_hours", "incident_tellings", "incident_updates", "incidents")
    for table in tables:
        op.drop_table(table, schema="core")
    op.drop_index("cases_incident_idx", table_name="cases", schema="core")
    for column in ("told_update", "incident_id"):
        op.drop_column("cases", column, schema="core")
