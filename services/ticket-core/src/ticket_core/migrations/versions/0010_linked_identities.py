"""Which identity an agent linked or unlinked.

Follows 0009, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("said_of_people", sa.Column("key", sa.LargeBinary(), nullable=True), schema="core")
    op.create_foreign_key(
        op.f("said_of_people_key_fkey"),
        "said_of_people",
        "identities",
        ["key"],
        ["key"],
        source_schema="core",
        referent_schema="core",
    )
