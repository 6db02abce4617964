"""Recent claims are found by their time.

Follows 0002, written on 2026-11-24.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "claims_claimed_at_idx", "claims", ["claimed_at"], unique=False, schema="core", postgresql_using="brin"
    )
