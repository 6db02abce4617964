"""Macros of agents and of teams.

Follows 0021, written on 2026-11-25.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_macros",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Text()),
        sa.Column("team", sa.Text()),
        sa.Column("definition", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.CheckConstraint("(owner_id IS NULL) <> (team IS NULL)", name=op.f("desk_macros_whose_check")),
        sa.CheckConstraint("version >= 1", name=op.f("desk_macros_version_check")),
        sa.PrimaryKeyConstraint("key", name=op.f("desk_macros_pkey")),
        schema="core",
    )
    op.create_index("desk_macros_owner_idx", "desk_macros", ["owner_id"], schema="core")
    op.create_index("desk_macros_team_idx", "desk_macros", ["team"], schema="core")


def downgrade() -> None:
    op.drop_table("desk_macros", schema="core")
