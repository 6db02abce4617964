"""What is added to a transaction's id to make a stamp, so that a dump can be restored into another cluster.

Follows 0013, written on 2026-11-24.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE FUNCTION core.stamp_base() RETURNS bigint LANGUAGE sql STABLE RETURN 0")


def downgrade() -> None:
    op.execute("DROP FUNCTION core.stamp_base()")
