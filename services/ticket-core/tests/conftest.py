"""The real database, empty, and the store on it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core_factories import SPACE
from core_service import VAULT_KEY, Served, serving, settings
from kawal import database as postgres
from ticket_core.domain.sla import SlaPolicies
from ticket_core.store import stamps
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.webhooks import Webhooks
from webhook_receiver import SENDER, Receiver, receiving

FAR = 5_000_000_000
"""More transactions than a test's cluster has had."""


@pytest.fixture
def dsn(database: Callable[..., str]) -> str:
    return database("ticket-core")


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[AsyncEngine]:
    async with postgres.opened(dsn, pool_size=40) as opened:
        yield opened


@pytest.fixture
def numbers(engine: AsyncEngine) -> CaseNumbers:
    return CaseNumbers(engine, space=SPACE)


@pytest.fixture
def store(engine: AsyncEngine, numbers: CaseNumbers) -> CaseStore:
    return CaseStore(engine, numbers=numbers)


@pytest.fixture
async def in_another_cluster(engine: AsyncEngine) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Lets all stamps be those of a cluster whose transactions had gone much further."""

    async def restore() -> None:
        async with engine.begin() as connection:
            for table in ("cases", *stamps.STAMPED):
                await connection.execute(text(f"UPDATE core.{table} SET stamp = stamp + {FAR}"))

    yield restore
    async with engine.begin() as connection:
        await stamps.set_base(connection, 0)


@pytest.fixture
def sla() -> SlaPolicies | None:
    """What the served programme promises; a module that wants promises has a fixture of its own."""
    return None


@pytest.fixture
async def served(engine: AsyncEngine, dsn: str, tmp_path: Path, sla: SlaPolicies | None) -> AsyncIterator[Served]:
    async with serving(engine, settings(dsn=dsn, state=tmp_path), sla=sla) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
def subscriptions(engine: AsyncEngine) -> WebhookSubscriptions:
    return WebhookSubscriptions(engine, vault_key=SecretStr(VAULT_KEY))


@pytest.fixture
def webhooks(engine: AsyncEngine, subscriptions: WebhookSubscriptions) -> Webhooks:
    return Webhooks(engine, subscriptions=subscriptions, sender=SENDER)
