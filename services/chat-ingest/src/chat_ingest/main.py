"""Where the parts of chat-ingest are put together."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncEngine

from chat_ingest.adapters.intake import SpoolIntake
from chat_ingest.api.app import create_chat_app
from chat_ingest.api.desk import Desk, Limits
from chat_ingest.consumers.outbound import GROUP, LivePush, Outbound, TranscriptWriter
from chat_ingest.consumers.sweep import TranscriptSweep
from chat_ingest.domain.rooms import Rooms
from chat_ingest.domain.sessions import SessionTokens
from chat_ingest.settings import Settings
from chat_ingest.store.tables import parked_keys
from chat_ingest.store.transcript import DELETES, StoredTranscript
from kawal import database, edge
from kawal.contracts.outbound import outbound_adapter
from kawal.contracts.topics import OUTBOUND_CHAT
from kawal.database.retention import Retention
from kawal.kafka import Broadcast, Consumer, ConsumerSettings, DeadLetters, decoder
from kawal.observability.operations import NotReady
from kawal.service import Parts, Service

NAME = "chat-ingest"
PORT = 8101
LIVE_WITHIN_S = 15.0
"""So long after the start no windows are taken before the live feed has begun; each would have to catch up.
Then Kafka is away: nothing comes, and participants are to be heard all the same."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(
    settings: Settings, *, outbound_topic: str = OUTBOUND_CHAT.name, group: str = GROUP
) -> AsyncIterator[Parts]:
    """Open everything; nothing here waits for PostgreSQL, Kafka or ticket-core."""
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(database.opened(settings.postgres_dsn, application=NAME))
        accepting = await stack.enter_async_context(edge.accepting(settings, service=NAME))
        intake = SpoolIntake(accepting.spool, accepting.numbers, clock=utc_now)
        desk = _desk(settings, intake=intake, engine=engine)
        writer = _transcript_consumer(settings, desk, engine=engine, topic=outbound_topic, group=group)
        live = _live_feed(settings, desk, topic=outbound_topic)

        opened_at = time.monotonic()

        def reading_live() -> None:
            if not live.ready.is_set() and time.monotonic() - opened_at < LIVE_WITHIN_S:
                raise NotReady("the live feed has not begun")

        yield Parts(
            app=create_chat_app(settings, desk, new_id=lambda: uuid_utils.uuid7().hex),
            tasks={
                **accepting.tasks,
                "transcript": writer.run,
                "live": live.run,
                "sweep": TranscriptSweep(desk.transcript, rooms=desk.rooms).run,
                "retention": Retention(engine, keep=settings.conversations_kept, deletes=DELETES).run,
            },
            ready={"live": reading_live},
            alive={**accepting.alive, "transcript": writer.alive, "live": live.alive},
        )


def _desk(settings: Settings, *, intake: SpoolIntake, engine: AsyncEngine) -> Desk:
    return Desk(
        tokens=SessionTokens(settings.chat_session_key.get_secret_value(), settings.session_lifetime),
        intake=intake,
        transcript=StoredTranscript(engine),
        rooms=Rooms(per_conversation=settings.chat_sockets_per_conversation),
        limits=Limits(connections=settings.max_connections, rate=settings.rate),
        now=utc_now,
        steady=time.monotonic,
    )


def _transcript_consumer(
    settings: Settings, desk: Desk, *, engine: AsyncEngine, topic: str, group: str
) -> Consumer[Outbound]:
    decode = decoder(outbound_adapter)
    return Consumer(
        topics=[topic],
        group=group,
        decode=decode,
        handle=TranscriptWriter(desk.transcript, intake=desk.intake, rooms=desk.rooms).handle,
        dead_letters=DeadLetters(group=group, engine=engine, table=parked_keys, bootstrap_servers=settings.kafka),
        settings=ConsumerSettings(bootstrap_servers=settings.kafka),
    )


def _live_feed(settings: Settings, desk: Desk, *, topic: str) -> Broadcast[Outbound]:
    decode = decoder(outbound_adapter)
    handle = LivePush(desk.rooms).handle
    return Broadcast(topics=[topic], decode=decode, handle=handle, bootstrap_servers=settings.kafka)


def service(settings: Settings | None = None) -> Service:
    chosen = settings or Settings()
    return Service(NAME, settings=chosen, port=PORT, opened=lambda: opened(chosen))


def run() -> None:
    service().run()
