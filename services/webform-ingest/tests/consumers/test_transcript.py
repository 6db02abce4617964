from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database as kawal_database
from kawal.contracts.envelope import Envelope, Event
from kawal.contracts.outbound import Outbound, OutboundCall
from kawal.contracts.words import Author, Locale
from kawal.errors import KawalError, TransientError
from kawal.kafka import InvalidRecords, Record
from web_factories import CONVERSATION, NOW, message
from webform_ingest.consumers.transcript import TranscriptHandler
from webform_ingest.store import transcript

pytestmark = pytest.mark.integration


class Full(KawalError):
    status, code = 503, "spool_full"


@dataclass
class Reports:
    full: bool = False
    kept: list[str] = field(default_factory=list)

    async def report(self, reports: Iterable[Event]) -> None:
        if self.full:
            raise Full("later")
        self.kept += [event.id for event in reports]


@pytest.fixture
async def engine(database: Callable[..., str]) -> AsyncIterator[AsyncEngine]:
    async with kawal_database.opened(database("webform-ingest")) as connected:
        yield connected


def record(data: Outbound, *, offset: int = 0) -> Record[Outbound]:
    envelope = Envelope(
        id=data.delivery_id,
        source="/notifier",
        type="kawal.outbound.message.v1",
        time=datetime.now(UTC),
        partition_key=data.conversation_id,
    )
    return Record(topic="outbound", partition=0, offset=offset, key=b"", envelope=envelope, data=data)


def call() -> OutboundCall:
    return OutboundCall(
        delivery_id="call-1",
        conversation_id=CONVERSATION,
        case_id="case",
        case_number="4829130574",
        case_seq=1,
        locale=Locale.INDONESIAN,
        to="+6281234567890",
        text="Halo",
    )


async def stored(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return [entry.message.seq for entry in await transcript.after(connection, CONVERSATION, seq=0, most=10)]


class TestHandle:
    async def test_stores_and_reports_what_wants_a_receipt(self, engine: AsyncEngine) -> None:
        reports = Reports()
        handle = TranscriptHandler(engine=engine, reports=reports, now=lambda: NOW)
        batch = [record(message(1, author=Author.PARTICIPANT)), record(message(2), offset=1)]
        await handle(batch)
        await handle(batch)
        assert await stored(engine) == [1, 2]
        assert set(reports.kept) == {f"{message(2).delivery_id}/sent"}

    async def test_waits_for_the_spool(self, engine: AsyncEngine) -> None:
        handle = TranscriptHandler(engine=engine, reports=Reports(full=True), now=lambda: NOW)
        with pytest.raises(TransientError):
            await handle([record(message(1))])

    async def test_a_call_is_poison_and_nothing_of_its_batch_is_applied(self, engine: AsyncEngine) -> None:
        handle = TranscriptHandler(engine=engine, reports=Reports(), now=lambda: NOW)
        poison = record(call(), offset=1)
        with pytest.raises(InvalidRecords) as caught:
            await handle([record(message(1)), poison])
        assert caught.value.faults == {poison.place: "not_a_message"}
        assert await stored(engine) == []
