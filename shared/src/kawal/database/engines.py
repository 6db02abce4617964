"""How a service is connected to its database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_WITHIN_S = 5.0

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def engine(
    dsn: str,
    *,
    application: str = "kawal",
    pool_size: int = 10,
    statement_timeout_s: float = 10.0,
    pool_timeout_s: float = 5.0,
) -> AsyncEngine:
    """An engine on asyncpg; it connects when it is first used, so a database that is away fails no start.

    `dsn` is libpq's (`postgresql://user@host:port/database`). `statement_timeout_s` bounds each statement, waits for
    locks included; 0 is without bound. After an outage the first statement on an old connection fails with `is_outage`,
    and the pool is renewed. Errors carry no parameters: those are personal data.
    """
    return create_async_engine(
        async_url(dsn),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_use_lifo=True,
        hide_parameters=True,
        json_serializer=_encode,
        connect_args={
            "timeout": CONNECT_WITHIN_S,
            # The server's own timeout comes first; this one is for a server that has fallen silent.
            "command_timeout": statement_timeout_s + 5 if statement_timeout_s else None,
            "server_settings": {
                "application_name": application,
                "statement_timeout": _milliseconds(statement_timeout_s),
                "idle_in_transaction_session_timeout": _milliseconds(statement_timeout_s * 6),
                "jit": "off",
            },
        },
    )


@asynccontextmanager
async def opened(dsn: str, *, application: str = "kawal", pool_size: int = 10) -> AsyncIterator[AsyncEngine]:
    """An engine that is disposed of at the end of the block."""
    connected = engine(dsn, application=application, pool_size=pool_size)
    try:
        yield connected
    finally:
        await connected.dispose()


def async_url(dsn: str) -> URL:
    """SQLAlchemy's URL of a libpq DSN; libpq's `sslmode` is asyncpg's `ssl`."""
    url = make_url(dsn).set(drivername="postgresql+asyncpg")
    sslmode = url.query.get("sslmode")
    if sslmode is None:
        return url
    return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
