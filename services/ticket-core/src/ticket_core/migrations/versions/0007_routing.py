"""Routing: what agents can do, who is there, and how the queue moves.

Follows 0006, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Words = postgresql.ARRAY(sa.Text())
_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "agent_profiles",
        sa.Column("agent_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("skills", _Words, nullable=False),
        sa.Column("languages", _Words, nullable=False),
        sa.Column("teams", _Words, nullable=False),
        sa.CheckConstraint("capacity >= 0", name=op.f("agent_profiles_capacity_check")),
        sa.CheckConstraint("languages <@ ARRAY['id', 'en']", name=op.f("agent_profiles_languages_check")),
        sa.ForeignKeyConstraint(["agent_id"], ["core.agents.id"], name=op.f("agent_profiles_agent_id_fkey")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("agent_profiles_pkey")),
        schema="core",
    )
    op.create_table(
        "attendance",
        sa.Column("agent_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("chosen_at", _Moment, nullable=False),
        sa.Column("seen_at", _Moment, nullable=False),
        sa.Column("given_at", _Moment, nullable=True),
        sa.CheckConstraint("chosen IN ('available', 'away', 'offline')", name=op.f("attendance_chosen_check")),
        sa.ForeignKeyConstraint(["agent_id"], ["core.agents.id"], name=op.f("attendance_agent_id_fkey")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("attendance_pkey")),
        schema="core",
    )
    op.create_table(
        "queue_departures",
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("waiting_since", _Moment, nullable=False),
        sa.Column("left_at", _Moment, nullable=False),
        sa.Column("skills", _Words, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("teams", _Words, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("queue_departures_case_id_fkey")),
        sa.PrimaryKeyConstraint("case_id", "waiting_since", name=op.f("queue_departures_pkey")),
        schema="core",
    )
    op.create_index("queue_departures_left_at_idx", "queue_departures", ["left_at"], schema="core")


def downgrade() -> None:
    for table in ("queue_departures", "attendance", "agent_profiles"):
        op.drop_table(table, schema="core")
