"""PostgreSQL: engines, metadata, migrations, and how to tell that it is away."""

from kawal.database.engines import engine, opened
from kawal.database.outages import is_outage
from kawal.database.rounds import rounds
from kawal.database.tables import metadata

__all__ = ["engine", "is_outage", "metadata", "opened", "rounds"]
