"""The composition root of webform-ingest."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database, edge
from kawal.contracts.outbound import Outbound, outbound_adapter
from kawal.contracts.topics import OUTBOUND_WEB
from kawal.database.retention import Retention
from kawal.kafka import Consumer, ConsumerSettings, DeadLetters, decoder
from kawal.observability.tracing import current_traceparent
from kawal.service import Parts, Service
from webform_ingest.adapters.spooled import SpooledLedger
from webform_ingest.api.reading import ReadingRoom
from webform_ingest.app import create_web_app
from webform_ingest.consumers.transcript import GROUP, TranscriptHandler
from webform_ingest.domain.history import Reports
from webform_ingest.domain.intake import Intake
from webform_ingest.settings import PORT, SERVICE, WebSettings
from webform_ingest.store.histories import StoredHistories
from webform_ingest.store.old import DELETES
from webform_ingest.store.recent import RecentAcceptances
from webform_ingest.store.tables import parked_keys
from webform_ingest.store.used_links import StoredUsedLinks


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(settings: WebSettings, *, outbound_topic: str = OUTBOUND_WEB.name) -> AsyncIterator[Parts]:
    """Open everything; nothing here waits for PostgreSQL, Kafka or ticket-core."""
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(database.opened(settings.postgres_dsn, application=SERVICE))
        accepting = await stack.enter_async_context(edge.accepting(settings, service=SERVICE))
        ledger, recent = SpooledLedger(accepting.spool), RecentAcceptances(engine)
        histories = StoredHistories(engine, recent=recent)
        intake = Intake(
            ledger=ledger,
            acceptances=recent,
            conversations=histories,
            case_numbers=accepting.numbers,
            traceparent=current_traceparent,
            link_key=settings.link_key.get_secret_value(),
        )
        reading = ReadingRoom(histories=histories, reports=ledger)
        transcript = _transcript(settings, engine, reports=ledger, topic=outbound_topic)
        yield Parts(
            app=create_web_app(settings, intake=intake, reading=reading, used=StoredUsedLinks(engine), now=now),
            tasks={
                **accepting.tasks,
                "transcript": transcript.run,
                "recent": recent.run,
                "retention": Retention(engine, keep=settings.conversations_kept, deletes=DELETES).run,
            },
            alive={**accepting.alive, "transcript": transcript.alive},
        )


def _transcript(settings: WebSettings, engine: AsyncEngine, *, reports: Reports, topic: str) -> Consumer[Outbound]:
    decode = decoder(outbound_adapter)
    letters = DeadLetters(group=GROUP, engine=engine, table=parked_keys, bootstrap_servers=settings.kafka)
    return Consumer(
        topics=[topic],
        group=GROUP,
        decode=decode,
        handle=TranscriptHandler(engine=engine, reports=reports, now=now),
        dead_letters=letters,
        settings=ConsumerSettings(bootstrap_servers=settings.kafka),
    )


def service(settings: WebSettings | None = None) -> Service:
    chosen = settings or WebSettings()
    return Service(SERVICE, settings=chosen, port=PORT, opened=lambda: opened(chosen))


def run() -> None:
    service().run()
