"""A batch of case events becomes deliveries and outbound messages, each once."""

from pathlib import Path

import pytest
from sqlalchemy import text

from kawal.contracts.case_events import CaseChanged, CaseState, QueueMoved
from kawal.contracts.deliveries import delivery_adapter
from kawal.contracts.envelope import Envelope
from kawal.contracts.outbound import outbound_adapter
from kawal.contracts.words import Author, Channel
from kawal.kafka import Record
from kawal.programme.templates import Templates
from notifier.consumers.case_events import CaseEventHandler
from notifier.domain.routing import Router
from notifier_factories import EMAIL, NOW, message, notice

pytestmark = pytest.mark.integration
PROGRAMME = Path(__file__).parents[4] / "programme"


def handler_of(engine, *, due=lambda: None) -> CaseEventHandler:
    router = Router(words=Templates.load(PROGRAMME), link_of=lambda _: "https://portal.example/status/x")
    return CaseEventHandler(engine=engine, router=router, committed=lambda: None, due=due)


@pytest.fixture
def handler(engine) -> CaseEventHandler:
    return handler_of(engine)


def record(event, *, offset: int = 0):
    envelope = Envelope(
        id=f"{event.case_id}/{event.seq}",
        source="/ticket-core",
        type=f"kawal.case.{event.kind}.v1",
        time=NOW,
        partition_key=event.case_id,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return Record(topic="t", partition=0, offset=offset, key=b"case-1", envelope=envelope, data=event)


async def outbound(engine):
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT topic, value, headers FROM notify.outbox ORDER BY id"))
        return [(row.topic, outbound_adapter.validate_json(row.value), row.headers) for row in rows]


async def told(engine):
    async with engine.begin() as connection:
        rows = await connection.execute(text("SELECT id, text FROM notify.delivery ORDER BY position"))
        return {row.id: row.text for row in rows}


class TestCaseEventHandler:
    async def test_senders_are_woken_for_what_they_send(self, engine):
        woken: list[bool] = []
        handler = handler_of(engine, due=lambda: woken.append(True))

        await handler([record(message(Channel.CHAT))])
        assert not woken
        await handler([record(message(Channel.WEB, case_id="case-2", identities=(EMAIL,)))])
        assert woken

    async def test_redelivery_changes_nothing(self, engine, handler):
        batch = [record(message(Channel.WEB, identities=(EMAIL,)))]
        await handler(batch)
        await handler(batch)
        assert len(await outbound(engine)) == 1
        assert list(await told(engine)) == ["case-1/2/web", "case-1/2/email"]

    async def test_what_tells_nobody_is_not_remembered(self, engine, handler):
        changed = CaseChanged(
            case_id="case-1", case_number="4829130574", seq=9, at=NOW, change="assigned", state=CaseState.OPEN
        )
        await handler([record(changed), record(message(), offset=1)])
        async with engine.begin() as connection:
            assert list((await connection.execute(text("SELECT id FROM notify.inbox"))).scalars()) == ["case-1/2"]

    async def test_same_event_twice_in_a_batch_is_one(self, engine, handler):
        await handler([record(message()), record(message(), offset=1)])
        assert len(await outbound(engine)) == 1

    async def test_order_of_a_conversation_is_kept(self, engine, handler):
        first = notice(Channel.CHAT)
        second = message(seq=2, author=Author.PARTICIPANT)
        await handler([record(first), record(second, offset=1)])
        assert [data.case_seq for _, data, _ in await outbound(engine)] == [1, 2]

    async def test_place_in_the_queue_is_passed_on_once(self, engine, handler):
        moved = QueueMoved(
            case_id="case-1", case_number="4829130574", seq=3, at=NOW, conversation_id="chat:aaaaaaaa", position=4
        )
        await handler([record(moved)])
        await handler([record(moved)])
        ((topic, data, _),) = await outbound(engine)
        assert (topic, data.kind, data.position, data.wait_minutes) == ("kawal.outbound.chat.v1", "queue", 4, None)

    async def test_trace_goes_on(self, engine, handler):
        await handler([record(message())])
        ((_, _, headers),) = await outbound(engine)
        assert "0af7651916cd43dd8448eb211c80319c" in headers

    async def test_who_cannot_be_reached_is_reported(self, engine, handler):
        await handler([record(message(Channel.VOICE))])
        async with engine.begin() as connection:
            value = (await connection.execute(text("SELECT value FROM notify.outbox"))).scalar_one()
        report = delivery_adapter.validate_json(value)
        assert (report.delivery_id, report.state, report.detail) == ("case-1/2/voice", "failed", "no_address")

    async def test_mail_has_the_programmes_words(self, engine, handler):
        await handler([record(notice(Channel.WEB, identities=(EMAIL,)))])
        mail = (await told(engine))["case-1/1/email"]
        assert "482-913-0574" in mail
        assert "https://portal.example/status/x" in mail
