"""Rules that supervisors write, with all their versions.

Follows 0016, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_versions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("rule_versions_version_check")),
        sa.PrimaryKeyConstraint("key", "version", name=op.f("rule_versions_pkey")),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("rule_versions", schema="core")
