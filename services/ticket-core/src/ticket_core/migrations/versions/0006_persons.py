"""Participants who are one person, as agents say; suggestions are dismissed for the pair.

Follows 0005, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participants", sa.Column("merged_into", sa.Uuid(as_uuid=False), nullable=True), schema="core")
    op.add_column("participants", sa.Column("group_id", sa.Uuid(as_uuid=False), nullable=True), schema="core")
    op.create_foreign_key(
        op.f("participants_merged_into_fkey"),
        "participants",
        "participants",
        ["merged_into"],
        ["id"],
        source_schema="core",
        referent_schema="core",
    )
    op.create_check_constraint(
        op.f("participants_merged_into_check"),
        "participants",
        "(merged_into IS NULL) = (group_id IS NULL OR group_id = id)",
        schema="core",
    )
    for name, columns in (("participants_group_idx", ["group_id", "id"]), ("participants_grouped_idx", ["id"])):
        op.create_index(name, "participants", columns, schema="core", postgresql_where=sa.text("group_id IS NOT NULL"))
    _dismissals()
    _said_of_people()


def _dismissals() -> None:
    op.create_table(
        "dismissals",
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("other_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.CheckConstraint("participant_id < other_id", name=op.f("dismissals_ordered_check")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("dismissals_participant_id_fkey")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["core.participants.id"], name=op.f("dismissals_other_id_fkey")),
        sa.PrimaryKeyConstraint("participant_id", "other_id", name=op.f("dismissals_pkey")),
        schema="core",
    )
    op.create_index("dismissals_other_id_idx", "dismissals", ["other_id"], schema="core")
    op.execute(
        "INSERT INTO core.dismissals SELECT DISTINCT participant_id, other_id FROM core.suggestions"
        " WHERE state = 'dismissed'"
    )
    op.drop_constraint(op.f("suggestions_state_check"), "suggestions", schema="core")
    op.drop_column("suggestions", "state", schema="core")


def _said_of_people() -> None:
    op.create_table(
        "said_of_people",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("other_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["core.participants.id"], name=op.f("said_of_people_participant_id_fkey")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["core.participants.id"], name=op.f("said_of_people_other_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("said_of_people_pkey")),
        schema="core",
    )
    op.create_index("said_of_people_participant_id_idx", "said_of_people", ["participant_id"], schema="core")
    op.create_index(
        "said_of_people_other_id_idx",
        "said_of_people",
        ["other_id"],
        schema="core",
        postgresql_where=sa.text("other_id IS NOT NULL"),
    )
