"""Tells a database that is away from a statement that is wrong."""

import asyncpg
from sqlalchemy import exc

# https://www.postgresql.org/docs/18/errcodes-appendix.html: connection exceptions, insufficient resources,
# statement timeout, operator intervention, system error; read_only_sql_transaction is a failover in progress, and
# lock_not_available a `lock_timeout`: somebody else is busy with the table. Class 40, transaction rollback: others were
# first (deadlocks, serialization failures).
_AWAY_CLASSES = ("08", "40", "53", "57", "58")
_AWAY_CODES = ("25006", "55P03")
_STATEMENT_TIMEOUT = "57014"


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that the database is away, overloaded, failing over or that others were first.

    The same call works later.
    """
    if isinstance(error, exc.TimeoutError | OSError):
        return True
    if isinstance(error, exc.DBAPIError):
        return error.connection_invalidated or _is_away(error.orig) or _is_outage_cause(error.orig)
    if isinstance(error, asyncpg.InternalClientError):
        return True  # it has lost count of where it is: the connection broke in the middle of something
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error)
    return _is_away(error)


def is_statement_timeout(error: BaseException | None) -> bool:
    """Whether `error`, or what caused it, is a statement that the server cut off: too slow, so it may be too big."""
    while error is not None:
        if _sqlstate(error.orig if isinstance(error, exc.DBAPIError) else error) == _STATEMENT_TIMEOUT:
            return True
        error = error.__cause__
    return False


def _is_outage_cause(error: BaseException | None) -> bool:
    return error is not None and error.__cause__ is not None and is_outage(error.__cause__)


def _is_away(error: BaseException | None) -> bool:
    sqlstate = _sqlstate(error)
    return sqlstate is not None and (sqlstate.startswith(_AWAY_CLASSES) or sqlstate in _AWAY_CODES)


def _sqlstate(error: BaseException | None) -> str | None:
    sqlstate = getattr(error, "sqlstate", None)
    return sqlstate if isinstance(sqlstate, str) else None
