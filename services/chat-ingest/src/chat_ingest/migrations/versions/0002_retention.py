"""What is old is found by its time.

Follows 0001, written on 2026-11-24.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("transcript_at_idx", "transcript", ["at"], schema="chat")


def downgrade() -> None:
    op.drop_index("transcript_at_idx", table_name="transcript", schema="chat")
