"""Tells a database that is away from a statement that is wrong."""

import asyncpg
from sqlalchemy import exc

# https://www.postgresql.org/docs/18/errcodes-appendix.html: connection exceptions, insufficient resources,
# statement timeout, operator intervention, system error; read_only_sql_transaction is a failover in progress, and
# lock_not_available a `lock_timeout`: somebody else is busy with the table.
_AWAY_CLASSES = ("08", "53", "57", "58")
_AWAY_CODES = ("25006", "55P03")


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that the database is away, overloaded or failing over: the same call works later."""
    if isinstance(error, exc.TimeoutError | OSError):
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or _is_away(error.orig) or _is_outage_cause(error.orig)
    if isinstance(error, asyncpg.InternalClientError):
        return True  # it has lost count of where it is: the connection broke in the middle of something
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error)
    return _is_away(error)


def _is_outage_cause(error: BaseException | None) -> bool:
    return error is not None and error.__cause__ is not None and is_outage(error.__cause__)


def _is_away(error: BaseException | None) -> bool:
    sqlstate = getattr(error, "sqlstate", None)
    return isinstance(sqlstate, str) and (sqlstate.startswith(_AWAY_CLASSES) or sqlstate in _AWAY_CODES)
