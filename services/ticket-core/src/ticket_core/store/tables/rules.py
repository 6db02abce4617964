"""What rules did, and how far they have come in the stream of timelines; see `ticket_core.ruling`."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from ticket_core.store.tables.cases import cases
from ticket_core.store.tables.schema import Id, Moment, metadata

# Kept as long as the case: it says what acted on which entry, and so that nothing acts on it again.
rule_firings = Table(
    "rule_firings",
    metadata,
    Column("case_id", Id, ForeignKey(cases.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("first_seq", Integer),
    Column("last_seq", Integer),
    Column("refused", Text),
    CheckConstraint("(first_seq IS NULL) = (last_seq IS NULL)", name="wrote"),
    CheckConstraint("(first_seq IS NULL) = (refused IS NOT NULL)", name="refused"),
    Index("rule_firings_latest_idx", "rule", text("at DESC")),
)

# Rules that supervisors have written, each version of each; without a definition it was removed.
rule_versions = Table(
    "rule_versions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", Text),
    Column("at", Moment, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("agent_name", Text, nullable=False),
    CheckConstraint("version >= 1", name="version"),
)

rule_place = Table(
    "rule_place",
    metadata,
    Column("id", Boolean, primary_key=True, server_default=text("true")),
    Column("stamp", BigInteger, nullable=False),
    Column("case_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    CheckConstraint("id", name="one_row"),
)
