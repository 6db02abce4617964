"""Calls to participants, on the real PostgreSQL and the real broker, over the emulated provider."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from kawal.contracts.deliveries import DeliveryReported, DeliveryState, delivery_adapter
from kawal.contracts.envelope import Envelope
from kawal.contracts.outbound import OutboundCall
from kawal.contracts.topics import DELIVERIES, dead_letters
from kawal.contracts.words import Locale
from kawal.database import opened as database_engine
from kawal.errors import TransientError
from kawal.kafka.topics import create
from kawal.testing import eventually
from voice_driver import Edge, edge
from voice_factories import ACCOUNT, AUTH_TOKEN, HOTLINE, outbound_call
from voice_ingest.adapters.twilio.rest import TwilioRest, client
from voice_ingest.consumers.dialler import Dialler, DiallerSettings
from voice_ingest.consumers.outcomes import Outcomes
from voice_ingest.domain.calls import CallStatus, PlannedCall, RetryPolicy
from voice_ingest.domain.machine import spell
from voice_ingest.store.calls import SqlCalls

pytestmark = pytest.mark.integration


def now() -> datetime:
    return datetime.now(UTC)


def delivery() -> str:
    return f"delivery-{uuid4().hex[:12]}"


async def send(kafka: str, topic: str, *calls: OutboundCall) -> None:
    """As notifier's outbox relay sends it."""
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for call in calls:
            envelope = Envelope(
                id=call.delivery_id,
                source="/notifier",
                type="kawal.outbound.call.v1",
                time=now(),
                partition_key=call.conversation_id,
            )
            message = envelope.message(topic=topic, data=call.model_dump_json().encode())
            await producer.send_and_wait(topic, message.value, key=message.key, headers=list(message.headers))


def reports(edge: Edge, delivery_id: str) -> list[DeliveryReported]:
    told = [delivery_adapter.validate_json(value) for _, value in edge.messages(DELIVERIES.name)]
    return [report for report in told if report.delivery_id == delivery_id]


def states(edge: Edge, delivery_id: str) -> list[tuple[DeliveryState, str | None]]:
    return [(report.state, report.detail) for report in reports(edge, delivery_id)]


class Wire:
    """Sends outbound calls to the edge over Kafka."""

    def __init__(self, running: Edge, kafka: str, topic: str) -> None:
        self.edge, self._kafka, self._topic = running, kafka, topic

    async def send(self, *calls: OutboundCall) -> None:
        await send(self._kafka, self._topic, *calls)


@pytest.fixture
async def wire(
    tmp_path: Path,
    database: Callable[..., str],
    kafka_bootstrap: str,
    topic_name: Callable[..., str],
    group_name: Callable[..., str],
) -> AsyncIterator[Wire]:
    topic, group = topic_name("outbound-voice"), group_name("voice-calls")
    await create([dead_letters(topic=topic, group=group)], bootstrap_servers=kafka_bootstrap)
    async with edge(
        tmp_path,
        postgres_dsn=database("voice-ingest"),
        kafka=kafka_bootstrap,
        outbound_topic=topic,
        group=group,
        voice_retry_s=0,
        voice_attempts=2,
        voice_ring_s=0.5,
        voice_ask_after_s=0.5,
    ) as running:
        yield Wire(running, kafka_bootstrap, topic)


class TestReadout:
    async def test_rings_and_reads_the_answer_out(self, wire: Wire) -> None:
        call = outbound_call(delivery())
        async with wire.edge.phone(call.to) as participant:
            await wire.send(call)
            await participant.wait_for_ring(within_s=30)
            await participant.answer()
            assert spell(call.case_number) in await participant.hear("Ada jawaban")
            assert await participant.hear("aktif") == call.text
            await participant.press("1")
            assert await participant.hear("aktif") == call.text
            await participant.stay_silent()
            await participant.hear("Sampai jumpa")
            assert await participant.wait_for_end() == "completed"
        await eventually(lambda: (DeliveryState.DELIVERED, None) in states(wire.edge, call.delivery_id))
        assert [state for state, _ in states(wire.edge, call.delivery_id)] == [
            DeliveryState.SENT,
            DeliveryState.DELIVERED,
        ]

    async def test_in_english(self, wire: Wire) -> None:
        call = outbound_call(delivery(), locale=Locale.ENGLISH, text="Your account works again.")
        async with wire.edge.phone(call.to) as participant:
            await wire.send(call)
            await participant.wait_for_ring(within_s=30)
            await participant.answer()
            await participant.hear("We have an answer")

    async def test_sent_twice_calls_once(self, wire: Wire) -> None:
        call = outbound_call(delivery())
        async with wire.edge.phone(call.to) as participant:
            await wire.send(call, call)
            await participant.wait_for_ring(within_s=30)
            await participant.answer()
            await participant.hear("Untuk mendengar lagi")
            await participant.hang_up()
        await eventually(lambda: (DeliveryState.DELIVERED, None) in states(wire.edge, call.delivery_id))
        assert len(await placed(wire.edge, call.to)) == 1

    async def test_nobody_answers(self, wire: Wire) -> None:
        call = outbound_call(delivery(), to="+6281111111111")
        await wire.send(call)
        await eventually(lambda: (DeliveryState.FAILED, "no_answer") in states(wire.edge, call.delivery_id), timeout=40)
        assert len(await placed(wire.edge, call.to)) == 2

    async def test_refused(self, wire: Wire) -> None:
        call = outbound_call(delivery(), to="+6281111111112")
        async with wire.edge.phone(call.to) as participant:
            await wire.send(call)
            for _ in range(2):
                await participant.wait_for_ring(within_s=30)
                await participant.hang_up()
        await eventually(lambda: (DeliveryState.FAILED, "busy") in states(wire.edge, call.delivery_id))

    async def test_hung_up_before_the_text_was_heard(self, wire: Wire) -> None:
        call = outbound_call(delivery(), to="+6281111111113")
        async with wire.edge.phone(call.to) as participant:
            participant.attentive = False
            await wire.send(call)
            for _ in range(2):
                await participant.wait_for_ring(within_s=30)
                await participant.answer()
                await participant.hear("Ada jawaban")
                await participant.hang_up()
        await eventually(lambda: (DeliveryState.FAILED, "hung_up") in states(wire.edge, call.delivery_id))

    async def test_answer_for_whoever_comes_second_waits(self, wire: Wire) -> None:
        """Two answers for one number: the second call follows the first, in order."""
        first, second = (outbound_call(delivery(), to="+6281111111118", text=f"Jawaban {n}") for n in (1, 2))
        async with wire.edge.phone(first.to) as participant:
            await wire.send(first, second)
            for call in (first, second):
                await participant.wait_for_ring(within_s=30)
                await participant.answer()
                assert await participant.hear("Jawaban") == call.text
                await participant.hear("mendengar lagi")
                await participant.hang_up()


async def placed(edge: Edge, to: str) -> Sequence[object]:
    """The calls that the provider knows of."""
    async with client(api_url=edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
        rest = TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)
        return await rest.find(to=to, since=now() - timedelta(hours=1))


class Crash(BaseException):
    """The process dies here."""


class DiesAfterRest(SqlCalls):
    """Dies between the provider's answer and our commit."""

    async def placed(self, delivery_id: str, *, attempt: int, call_id: str, check_at: datetime) -> None:
        raise Crash


class Told:
    """Keeps reports in memory."""

    def __init__(self) -> None:
        self.states: list[tuple[DeliveryState, str | None]] = []

    async def report(self, call: PlannedCall, *, state: DeliveryState, detail: str | None = None) -> None:
        self.states.append((state, detail))


class Desk:
    """A dialler of its own beside the edge that plays the provider."""

    def __init__(self, calls: SqlCalls, rest: TwilioRest, **changes: object) -> None:
        self.told = Told()
        self.outcomes = Outcomes(calls, reports=self.told, policy=RetryPolicy(attempts=2), clock=now, wake=lambda: None)
        plain: dict[str, object] = {"ask_after": timedelta(0), "check_every": timedelta(0)}
        self.dialler = Dialler(
            calls,
            provider=rest,
            reports=self.told,
            outcomes=self.outcomes,
            urls=lambda _: ("http://127.0.0.1:1/answer", "http://127.0.0.1:1/status"),
            settings=DiallerSettings(**(plain | changes)),  # type: ignore[arg-type]
            clock=now,
            woken=asyncio.Event(),
        )


class TestCrash:
    @pytest.fixture
    async def calls(self, database: Callable[..., str]) -> AsyncIterator[SqlCalls]:
        async with database_engine(database("voice-ingest")) as engine:
            yield SqlCalls(engine)

    async def test_between_rest_and_commit(
        self, lonely_edge: Edge, database: Callable[..., str], calls: SqlCalls
    ) -> None:
        call = outbound_call(delivery(), to="+6281111111114")
        await calls.add([(call, None)])
        async with (
            database_engine(database("voice-ingest")) as engine,
            client(api_url=lonely_edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http,
        ):
            rest = TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)
            with pytest.raises(Crash):
                await Desk(DiesAfterRest(engine), rest).dialler.turn()
            assert len(await placed(lonely_edge, call.to)) == 1
            survivor = Desk(calls, rest)
            await survivor.dialler.turn()
            await survivor.dialler.turn()
        assert len(await placed(lonely_edge, call.to)) == 1
        going_on = await calls.going_on(call.delivery_id)
        assert going_on is not None
        assert going_on.call_id is not None

    async def test_before_the_provider_heard_of_it(self, lonely_edge: Edge, calls: SqlCalls) -> None:
        """Claimed, then killed: the attempt does not count, and the call is placed after all."""
        call = outbound_call(delivery(), to="+6281111111115")
        await calls.add([(call, None)])
        await calls.claim(limit=1, now=now(), lease=timedelta(0))
        async with client(api_url=lonely_edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
            await Desk(calls, TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)).dialler.turn()
        assert len(await placed(lonely_edge, call.to)) == 1
        going_on = await calls.going_on(call.delivery_id)
        assert going_on is not None
        assert going_on.attempt == 1

    async def test_status_webhook_never_came(self, tmp_path: Path, calls: SqlCalls) -> None:
        """The emulator tells a status address that nobody serves; the dialler asks by itself."""
        call = outbound_call(delivery(), to="+6281111111116")
        await calls.add([(call, None)])
        async with (
            edge(tmp_path, voice_ring_s=0.1) as provider,
            client(api_url=provider.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http,
        ):
            desk = Desk(calls, TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE), lines=1)

            async def failed() -> bool:
                await desk.dialler.turn()
                row = await calls.going_on(call.delivery_id)
                return row is None

            await eventually(failed)

    @pytest.mark.parametrize(
        ("patience", "told"),
        [(timedelta(hours=1), []), (timedelta(0), [(DeliveryState.FAILED, "provider_unavailable")])],
    )
    async def test_provider_away(
        self, calls: SqlCalls, patience: timedelta, told: list[tuple[DeliveryState, str]]
    ) -> None:
        """It is asked again and again; after a long time, another channel gets its turn."""
        await calls.add([(outbound_call(delivery(), to="+6281111111117"), None)])
        async with client(api_url="http://127.0.0.1:1", account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
            desk = Desk(calls, TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE), patience=patience)
            for _ in range(2):
                await desk.dialler.turn()
        assert desk.told.states == told


class TestClaim:
    @pytest.fixture
    async def calls(self, database: Callable[..., str]) -> AsyncIterator[SqlCalls]:
        async with database_engine(database("voice-ingest")) as engine:
            yield SqlCalls(engine)

    async def test_one_call_a_number(self, calls: SqlCalls) -> None:
        await calls.add([(outbound_call(delivery()), None), (outbound_call(delivery()), None)])
        first = await calls.claim(limit=10, now=now(), lease=timedelta(minutes=1))
        second = await calls.claim(limit=10, now=now(), lease=timedelta(minutes=1))
        assert (len(first), len(second)) == (1, 0)

    async def test_limit_counts_what_goes_on(self, calls: SqlCalls) -> None:
        await calls.add([(outbound_call(delivery(), to=f"+62811111111{n}"), None) for n in range(5)])
        claimed = [len(await calls.claim(limit=limit, now=now(), lease=timedelta(minutes=1))) for limit in (2, 2, 3)]
        assert claimed == [2, 0, 1]

    async def test_two_replicas_at_once(self, calls: SqlCalls) -> None:
        await calls.add([(outbound_call(delivery(), to=f"+62811111112{n}"), None) for n in range(6)])
        lots = await asyncio.gather(*(calls.claim(limit=4, now=now(), lease=timedelta(minutes=1)) for _ in range(3)))
        ids = [call.delivery_id for lot in lots for call in lot]
        assert len(ids) == len(set(ids)) == 4

    async def test_done_forgets_the_text(self, calls: SqlCalls, database: Callable[..., str]) -> None:
        call = outbound_call(delivery())
        await calls.add([(call, None)])
        await calls.finish(call.delivery_id, outcome="delivered")
        async with database_engine(database("voice-ingest")) as engine, engine.connect() as connection:
            assert (await connection.execute(text("select text from voice.call"))).scalar_one() == ""

    async def test_told_twice_changes_nothing(self, calls: SqlCalls) -> None:
        call = outbound_call(delivery())
        await calls.add([(call, None)])
        await calls.claim(limit=1, now=now(), lease=timedelta(minutes=1))
        await calls.placed(call.delivery_id, attempt=1, call_id="CA1", check_at=now())
        told = Told()
        outcomes = Outcomes(calls, reports=told, policy=RetryPolicy(attempts=1), clock=now, wake=lambda: None)
        for _ in range(2):
            await outcomes.ended(call.delivery_id, attempt=1, call_id="CA1", status=CallStatus.BUSY)
        assert told.states == [(DeliveryState.FAILED, "busy")]

    async def test_schema_is_not_there_yet(self, database: Callable[..., str]) -> None:
        """Started before the migration: the dialler waits, and the hotline goes on."""
        async with database_engine(database()) as engine:
            with pytest.raises(TransientError):
                await SqlCalls(engine).claim(limit=1, now=now(), lease=timedelta(minutes=1))


class TestRequeue:
    @pytest.fixture
    async def calls(self, database: Callable[..., str]) -> AsyncIterator[SqlCalls]:
        async with database_engine(database("voice-ingest")) as engine:
            yield SqlCalls(engine)

    @pytest.fixture
    async def placing(self, calls: SqlCalls) -> PlannedCall:
        """Handed to the provider, with an unknown outcome."""
        await calls.add([(outbound_call(delivery()), None)])
        (call,) = await calls.claim(limit=1, now=now(), lease=timedelta(minutes=1))
        return call

    async def test_nothing_happened(self, calls: SqlCalls, placing: PlannedCall) -> None:
        await calls.requeue(placing, attempt=0, at=now())
        assert await calls.going_on(placing.delivery_id) is None

    async def test_answered_meanwhile(self, calls: SqlCalls, placing: PlannedCall) -> None:
        """Nobody found the call at the provider; then it was picked up all the same."""
        await calls.reading(placing.delivery_id, attempt=1, call_id="CA1")
        await calls.requeue(placing, attempt=0, at=now())
        assert await calls.going_on(placing.delivery_id) is not None

    async def test_over_before_it_was_noted_as_placed(self, calls: SqlCalls, placing: PlannedCall) -> None:
        await calls.placed(placing.delivery_id, attempt=1, call_id="CA1", check_at=now())
        await calls.requeue(replace(placing, call_id="CA1"), attempt=1, at=now())
        assert await calls.going_on(placing.delivery_id) is None

    async def test_heard_meanwhile(self, calls: SqlCalls, placing: PlannedCall) -> None:
        seen = await calls.reading(placing.delivery_id, attempt=1, call_id="CA1")
        assert seen is not None
        await calls.was_heard(placing.delivery_id)
        await calls.requeue(seen, attempt=1, at=now())
        assert await calls.going_on(placing.delivery_id) is not None

    async def test_dialled_again_meanwhile(self, calls: SqlCalls, placing: PlannedCall) -> None:
        await calls.requeue(placing, attempt=1, at=now())
        await calls.claim(limit=1, now=now(), lease=timedelta(minutes=1))
        await calls.requeue(placing, attempt=0, at=now())
        again = await calls.going_on(placing.delivery_id)
        assert again is not None
        assert again.attempt == 2
