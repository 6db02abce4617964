"""Clocks: what the participants of cases were promised, and by when.

Follows 0019, written on 2026-11-24. Cases from before get their clocks by `kawal sla recompute`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_document = postgresql.JSONB(astext_type=sa.Text())
_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("timeline", sa.Column("clocks", _document, nullable=True), schema="core")
    op.add_column("cases", sa.Column("clocks", _document, nullable=True), schema="core")
    for name in ("due_at", "risk_at", "alarm_at"):
        op.add_column("cases", sa.Column(name, _moment, nullable=True), schema="core")
    for name in ("due", "alarm"):
        op.create_index(
            f"cases_{name}_idx",
            "cases",
            [f"{name}_at", "id"],
            schema="core",
            postgresql_where=sa.text(f"{name}_at IS NOT NULL"),
        )
