"""Search, sort orders and saved views.

Follows 0004, written on 2026-11-24.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ACTIVE = "state IN ('new', 'open', 'pending', 'on_hold')"


def upgrade() -> None:
    # Both are trusted extensions: whoever may create schemas in the database may create them.
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
    for language in ("indonesian", "english"):
        op.execute(f"CREATE TEXT SEARCH CONFIGURATION core.{language} (COPY = pg_catalog.{language})")
        op.execute(
            f"ALTER TEXT SEARCH CONFIGURATION core.{language}"
            " ALTER MAPPING FOR asciiword, asciihword, hword_asciipart, word, hword, hword_part"
            f" WITH public.unaccent, pg_catalog.{language}_stem"
        )
    op.create_table(
        "case_search",
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["core.cases.id"], name=op.f("case_search_case_id_fkey")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("case_search_pkey")),
        schema="core",
    )
    op.create_index(
        "case_search_words_idx",
        "case_search",
        ["words"],
        schema="core",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index(
        "case_search_who_idx",
        "case_search",
        ["who"],
        schema="core",
        postgresql_using="gin",
        postgresql_ops={"who": "public.gin_trgm_ops"},
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "search_place",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.CheckConstraint("id", name=op.f("search_place_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("search_place_pkey")),
        schema="core",
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("saved_views_pkey")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("saved_views_owner_id_name_key")),
        schema="core",
    )
    op.create_index(
        "saved_views_shared_idx", "saved_views", ["name"], schema="core", postgresql_where=sa.text("shared")
    )
    op.execute(
        "CREATE FUNCTION core.urgency(priority text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE"
        " RETURN CASE priority WHEN 'urgent' THEN 3 WHEN 'high' THEN 2 WHEN 'normal' THEN 1 ELSE 0 END"
    )
    op.create_index(
        "cases_opened_idx", "cases", [sa.text("opened_at DESC"), sa.text("id DESC")], unique=False, schema="core"
    )
    op.create_index(
        "cases_waiting_idx",
        "cases",
        ["waiting_since", "id"],
        schema="core",
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_index(
        "cases_urgency_idx",
        "cases",
        [sa.text("core.urgency(priority) DESC"), sa.text("activity_at DESC"), sa.text("id DESC")],
        schema="core",
        postgresql_where=sa.text(_ACTIVE),
    )
    op.create_index(
        "cases_topic_idx",
        "cases",
        ["topic", sa.text("activity_at DESC"), sa.text("id DESC")],
        schema="core",
        postgresql_where=sa.text("topic IS NOT NULL"),
    )
