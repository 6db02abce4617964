"""What is old is found by its time.

Follows 0002, written on 2026-11-24.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("transcript_at_idx", "transcript", ["at"], schema="web")
    op.create_index("conversation_opened_at_idx", "conversation", ["opened_at"], schema="web")


def downgrade() -> None:
    op.drop_index("conversation_opened_at_idx", table_name="conversation", schema="web")
    op.drop_index("transcript_at_idx", table_name="transcript", schema="web")
