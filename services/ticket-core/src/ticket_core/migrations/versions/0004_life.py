"""What agents write on a case: the reason for its state, tags, fields; notes that call agents.

Follows 0003, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cases",
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="core",
    )
    op.add_column("cases", sa.Column("reason", sa.Text(), nullable=True), schema="core")
    op.add_column(
        "cases",
        sa.Column("fields", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        schema="core",
    )
    op.create_check_constraint(
        op.f("cases_reason_check"),
        "cases",
        "reason IS NULL OR state IN ('on_hold', 'resolved', 'closed')",
        schema="core",
    )
    op.create_index(
        "timeline_mentions_idx",
        "timeline",
        ["payload"],
        schema="core",
        postgresql_using="gin",
        postgresql_ops={"payload": "jsonb_path_ops"},
        postgresql_where=sa.text("kind = 'note'"),
    )


def downgrade() -> None:
    op.drop_index("timeline_mentions_idx", table_name="timeline", schema="core")
    op.drop_constraint(op.f("cases_reason_check"), "cases", schema="core")
    for column in ("fields", "reason", "tags"):
        op.drop_column("cases", column, schema="core")
