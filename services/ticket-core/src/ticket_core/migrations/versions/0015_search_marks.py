"""Documents of search say when something happened last; topics of active cases, and groups of topics, have an index.

Follows 0014, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LATEST = [sa.text("activity_at DESC"), sa.text("id DESC")]


def upgrade() -> None:
    # All documents are made again behind the write path, from the first entry on; until then a search may miss some of
    # the latest cases, which it would have sorted first.
    # With the lock of the index: whoever is at it now would put its old place back.
    op.execute("SELECT pg_advisory_xact_lock(7737596895231632232)")
    op.execute("DELETE FROM core.search_place")
    op.drop_index("cases_topic_idx", "cases", schema="core")
    op.create_index(
        "cases_topic_idx",
        "cases",
        ["topic", *_LATEST],
        schema="core",
        postgresql_ops={"topic": "text_pattern_ops"},
        postgresql_where=sa.text("topic IS NOT NULL"),
    )
    op.create_index(
        "cases_active_group_idx",
        "cases",
        [sa.text("split_part(topic, '.', 1)"), *_LATEST],
        schema="core",
        postgresql_where=sa.text("state IN ('new', 'open', 'pending', 'on_hold') AND topic IS NOT NULL"),
    )
