"""On the real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database as kawal_database
from kawal.contracts.words import Author
from kawal.database import migrate
from kawal.testing import eventually
from web_factories import CONVERSATION, NOW, message
from webform_ingest.domain.history import HistoryUnavailable
from webform_ingest.domain.intake import FORM_CLIENT_ID, Acceptance, Opened
from webform_ingest.store import accepted, histories, transcript
from webform_ingest.store.histories import StoredHistories
from webform_ingest.store.recent import RecentAcceptances

pytestmark = pytest.mark.integration

HOOK = "before_cursor_execute"
OPENED = Opened(reference="1234567893", routing_key="p:0123")


def acceptance(client_id: str, *, minutes: int = 0, opened: Opened | None = None) -> Acceptance:
    at = NOW + timedelta(minutes=minutes)
    return Acceptance(conversation_id=CONVERSATION, client_id=client_id, text=f"Teks {client_id}", at=at, opened=opened)


FORM = acceptance(FORM_CLIENT_ID, opened=OPENED)


@pytest.fixture
def dsn(database: Callable[..., str]) -> str:
    return database("webform-ingest")


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[AsyncEngine]:
    async with kawal_database.opened(dsn) as connected:
        yield connected


@pytest.fixture
def recent(engine: AsyncEngine) -> RecentAcceptances:
    return RecentAcceptances(engine)


@pytest.fixture
def stored(engine: AsyncEngine, recent: RecentAcceptances) -> StoredHistories:
    return StoredHistories(engine, recent=recent)


@pytest.fixture
def break_off(engine: AsyncEngine) -> Callable[[], None]:
    """Connections break in the middle of something; asyncpg's word for that is an error that SQLAlchemy does not wrap.

    Called again, they work again.
    """

    def torn(*_: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")

    def switch() -> None:
        change = event.remove if event.contains(engine.sync_engine, HOOK, torn) else event.listen
        change(engine.sync_engine, HOOK, torn)

    return switch


async def keep(engine: AsyncEngine, *acceptances: Acceptance) -> None:
    async with engine.begin() as connection:
        await accepted.insert(connection, acceptances)


async def number(engine: AsyncEngine, seq: int, *, client_id: str | None = None, author: Author = Author.AGENT) -> None:
    async with engine.begin() as connection:
        await transcript.insert(connection, [message(seq, client_id=client_id, author=author)])


async def pending_rows(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return [one.client_id for one in await accepted.pending(connection, CONVERSATION)]


class TestMigrations:
    async def test_lead_to_the_tables(self, dsn: str) -> None:
        await migrate.check("webform-ingest", dsn)


class TestLoad:
    async def test_unknown_conversation(self, stored: StoredHistories) -> None:
        history = await stored.load(CONVERSATION, after=0)
        assert (history.entries, history.pending, history.number, history.more) == ((), (), None, False)

    async def test_what_is_not_written_yet_is_seen(self, stored: StoredHistories, recent: RecentAcceptances) -> None:
        recent.note(FORM)
        history = await stored.load(CONVERSATION, after=0)
        assert [one.client_id for one in history.pending] == [FORM_CLIENT_ID]
        assert history.number == OPENED.reference

    async def test_what_another_replica_wrote_is_seen_once_and_in_order(
        self, engine: AsyncEngine, stored: StoredHistories, recent: RecentAcceptances
    ) -> None:
        await keep(engine, acceptance("second", minutes=2), FORM)
        for one in (acceptance("third", minutes=3), FORM):
            recent.note(one)
        pending = (await stored.load(CONVERSATION, after=0)).pending
        assert [one.client_id for one in pending] == [FORM_CLIENT_ID, "second", "third"]

    async def test_what_is_numbered_is_pending_no_more(
        self, engine: AsyncEngine, stored: StoredHistories, recent: RecentAcceptances
    ) -> None:
        await keep(engine, FORM, acceptance("first"), acceptance("second"))
        for one in (FORM, acceptance("first"), acceptance("third")):
            recent.note(one)
        await number(engine, 1, author=Author.PARTICIPANT)
        await number(engine, 2, author=Author.PARTICIPANT, client_id="first")
        history = await stored.load(CONVERSATION, after=0)
        assert [one.message.seq for one in history.entries] == [1, 2]
        assert [one.client_id for one in history.pending] == ["second", "third"]
        assert await pending_rows(engine) == ["second"]

    async def test_in_pages(
        self, engine: AsyncEngine, stored: StoredHistories, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(histories, "PAGE_LENGTH", 2)
        for seq in (1, 2, 3):
            await number(engine, seq)
        first = await stored.load(CONVERSATION, after=0)
        assert (first.last_seq, first.more) == (2, True)
        last = await stored.load(CONVERSATION, after=first.last_seq)
        assert (last.last_seq, last.more) == (3, False)

    async def test_joined_to_another_case(self, engine: AsyncEngine, stored: StoredHistories) -> None:
        await keep(engine, FORM)
        await number(engine, 1)
        history = await stored.load(CONVERSATION, after=0)
        assert (history.number, history.joined_number) == (OPENED.reference, message(1).case_number)

    async def test_database_is_away(self) -> None:
        async with kawal_database.opened("postgresql://nobody@127.0.0.1:9/none") as away:
            recent = RecentAcceptances(away)
            recent.note(FORM)
            stored = StoredHistories(away, recent=recent)
            with pytest.raises(HistoryUnavailable):
                await stored.load(CONVERSATION, after=0)
            assert await stored.routing_key(CONVERSATION) == OPENED.routing_key
            assert await stored.routing_key("web:another-conversation") is None
            assert stored.accepted_here(CONVERSATION).number == OPENED.reference

    async def test_connection_breaks(self, stored: StoredHistories, break_off: Callable[[], None]) -> None:
        break_off()
        with pytest.raises(HistoryUnavailable):
            await stored.load(CONVERSATION, after=0)


class TestMarkRead:
    async def test_once(self, engine: AsyncEngine, stored: StoredHistories) -> None:
        await number(engine, 1, author=Author.PARTICIPANT)
        await number(engine, 2)
        entries = (await stored.load(CONVERSATION, after=0)).entries
        assert [entry.unread for entry in entries] == [False, True]
        await stored.mark_read([entry for entry in entries if entry.unread])
        await number(engine, 2)
        assert [entry.unread for entry in (await stored.load(CONVERSATION, after=0)).entries] == [False, False]


class TestInsert:
    async def test_later_than_the_transcript(self, engine: AsyncEngine) -> None:
        await number(engine, 1, author=Author.PARTICIPANT)
        await number(engine, 2, author=Author.PARTICIPANT, client_id="first")
        await keep(engine, FORM, acceptance("first"), acceptance("second"))
        assert await pending_rows(engine) == ["second"]


class TestRecentAcceptances:
    async def test_writes_behind(self, engine: AsyncEngine, recent: RecentAcceptances, stored: StoredHistories) -> None:
        recent.note(FORM)
        recent.note(acceptance("first"))
        writing = asyncio.create_task(recent.run())
        try:
            await eventually(lambda: not recent.of(CONVERSATION))
        finally:
            writing.cancel()
        assert await pending_rows(engine) == ["first", FORM_CLIENT_ID]
        assert await stored.routing_key(CONVERSATION) == OPENED.routing_key

    async def test_goes_on_after_a_connection_broke(
        self,
        engine: AsyncEngine,
        recent: RecentAcceptances,
        break_off: Callable[[], None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("webform_ingest.store.recent.RETRY_S", 0.01)
        recent.note(FORM)
        break_off()
        writing = asyncio.create_task(recent.run())
        done, _ = await asyncio.wait([writing], timeout=0.3)
        break_off()
        assert not done
        await eventually(lambda: not recent.of(CONVERSATION))
        writing.cancel()

    def test_is_bounded(self, engine: AsyncEngine) -> None:
        recent = RecentAcceptances(engine, max_waiting=2)
        for client_id in ("first", "second", "third", "third"):
            recent.note(acceptance(client_id))
        assert [one.client_id for one in recent.of(CONVERSATION)] == ["second", "third"]
