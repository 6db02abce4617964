"""What all tables have in common."""

from sqlalchemy import MetaData

# Constraints get the names that PostgreSQL would give them, so that a migration can name them.
NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}


def metadata(schema: str) -> MetaData:
    """The metadata of one service: its tables live in `schema`, which no other service touches."""
    return MetaData(schema=schema, naming_convention=NAMING)
