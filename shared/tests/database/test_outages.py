import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from kawal.database import engine, is_outage
from kawal.database.outages import is_statement_timeout


class TestIsOutage:
    @pytest.mark.parametrize(
        "error",
        [
            ConnectionRefusedError(),
            TimeoutError(),
            PoolExhausted(),
            asyncpg.TooManyConnectionsError("too many"),
            asyncpg.CannotConnectNowError("starting up"),
            asyncpg.InterfaceError("connection is closed"),
            asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
            asyncpg.QueryCanceledError("statement timeout"),
            asyncpg.LockNotAvailableError("lock timeout"),
            asyncpg.DeadlockDetectedError("deadlock detected"),
            asyncpg.SerializationError("could not serialize access"),
        ],
    )
    def test_database_away(self, error):
        assert is_outage(error)

    @pytest.mark.parametrize("error", [ValueError(), asyncpg.UniqueViolationError("twice"), KeyError("x")])
    def test_our_own_mistake(self, error):
        assert not is_outage(error)


class TestIsStatementTimeout:
    def test_as_a_cause(self):
        told = RuntimeError("PostgreSQL is away")
        told.__cause__ = asyncpg.QueryCanceledError("statement timeout")
        assert is_statement_timeout(told)

    @pytest.mark.parametrize("error", [None, TimeoutError(), asyncpg.LockNotAvailableError("lock timeout")])
    def test_anything_else(self, error):
        assert not is_statement_timeout(error)


@pytest.mark.integration
class TestIsOutageOfTheRealDatabase:
    async def test_nobody_listens(self):
        connected = engine("postgresql://postgres@127.0.0.1:1/postgres")
        with pytest.raises(ConnectionRefusedError) as raised:
            async with connected.connect():
                pass
        assert is_outage(raised.value)

    async def test_connection_killed_and_pool_renewed(self, database):
        connected = engine(database(), pool_size=1)
        with pytest.raises(DBAPIError) as raised:
            async with connected.connect() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        assert is_outage(raised.value)
        async with connected.connect() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
        await connected.dispose()

    async def test_statement_too_slow(self, database):
        connected = engine(database(), statement_timeout_s=0.05)
        with pytest.raises(DBAPIError) as raised:
            async with connected.connect() as connection:
                await connection.execute(text("SELECT pg_sleep(5)"))
        assert is_outage(raised.value)
        assert is_statement_timeout(raised.value)
        await connected.dispose()

    async def test_wrong_statement(self, database):
        connected = engine(database())
        with pytest.raises(ProgrammingError) as raised:
            async with connected.connect() as connection:
                await connection.execute(text("SELECT 1 FROM nowhere"))
        assert not is_outage(raised.value)
        await connected.dispose()

    async def test_violated_constraint(self, database):
        connected = engine(database())
        async with connected.connect() as connection:
            await connection.execute(text("CREATE TEMP TABLE one (id int PRIMARY KEY)"))
            with pytest.raises(IntegrityError) as raised:
                await connection.execute(text("INSERT INTO one VALUES (1), (1)"))
        assert not is_outage(raised.value)
        await connected.dispose()
