"""Rules: what they did, and how far they have come.

Follows 0012, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_id = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    op.create_table(
        "rule_firings",
        sa.Column("case_id", _id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_seq", sa.Integer()),
        sa.Column("last_seq", sa.Integer()),
        sa.Column("refused", sa.Text()),
        sa.CheckConstraint("(first_seq IS NULL) = (last_seq IS NULL)", name=op.f("rule_firings_wrote_check")),
        sa.CheckConstraint("(first_seq IS NULL) = (refused IS NOT NULL)", name=op.f("rule_firings_refused_check")),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("rule_firings_case_id_fkey")),
        sa.PrimaryKeyConstraint("case_id", "seq", "rule", name=op.f("rule_firings_pkey")),
        schema="core",
    )
    op.create_index("rule_firings_latest_idx", "rule_firings", ["rule", sa.text("at DESC")], schema="core")
    op.create_table(
        "rule_place",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("case_id", _id, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("id", name=op.f("rule_place_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("rule_place_pkey")),
        schema="core",
    )


def downgrade() -> None:
    op.drop_table("rule_place", schema="core")
    op.drop_table("rule_firings", schema="core")
