"""Up to where agents have seen who calls them.

Follows 0018, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mention_marks",
        sa.Column("agent_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("mention_marks_pkey")),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("mention_marks", schema="core")
