"""What a case is known by: the gist of what its participant said, and fingerprints of the last things he said.

Cases from before know nothing of the kind: they are matched by topic only, as they were.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("gist", sa.Text(), server_default="", nullable=False), schema="core")
    op.add_column(
        "cases", sa.Column("heard", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False), schema="core"
    )


def downgrade() -> None:
    op.drop_column("cases", "heard", schema="core")
    op.drop_column("cases", "gist", schema="core")
