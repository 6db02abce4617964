"""Where the parts of voice-ingest are put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database
from kawal.contracts.outbound import Outbound, outbound_adapter
from kawal.contracts.topics import OUTBOUND_VOICE
from kawal.database.retention import Retention
from kawal.http import App, create_app
from kawal.kafka import Consumer, ConsumerSettings, DeadLetters, decoder
from kawal.service import Parts, Service, Task
from kawal.vault import Vault
from voice_ingest import parts
from voice_ingest.adapters import flow_files
from voice_ingest.adapters.twilio.signature import TwilioSignatures
from voice_ingest.adapters.twilio.twiml import Twiml
from voice_ingest.api import webhooks
from voice_ingest.api.hotline import Hotline
from voice_ingest.api.readout import ReadoutDesk, ReadoutUrls
from voice_ingest.consumers.dialler import Dialler
from voice_ingest.consumers.outbound import GROUP, CallPlanner
from voice_ingest.consumers.outcomes import Outcomes
from voice_ingest.consumers.recordings import RecordingFetcher
from voice_ingest.emulator import network
from voice_ingest.settings import NAME, PORT, Settings
from voice_ingest.store.calls import SqlCalls, forget
from voice_ingest.store.reports import SpooledReports
from voice_ingest.store.tables import parked_keys


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def opened(
    settings: Settings, *, outbound_topic: str = OUTBOUND_VOICE.name, group: str = GROUP
) -> AsyncIterator[Parts]:
    """Open everything; nothing here waits for PostgreSQL, Kafka, ticket-core or the provider."""
    key, token = settings.link_key.get_secret_value(), settings.twilio_auth_token.get_secret_value()
    flow = flow_files.load(settings.programme_dir, settings.voice_flow)
    url, clock, due = settings.voice_public_url, utc_now, asyncio.Event()
    async with AsyncExitStack() as stack:
        durable = await stack.enter_async_context(parts.durable(settings))
        engine = await stack.enter_async_context(database.opened(settings.postgres_dsn, application=NAME))
        provider = await stack.enter_async_context(parts.provider(settings))
        signatures, renderer = TwilioSignatures(token), Twiml(flow.voices.get("twilio", {}))
        hotline = Hotline(
            flow, intake=durable.intake, texts=provider, renderer=renderer, public_url=url, key=key, clock=clock
        )
        fetcher = RecordingFetcher(
            durable.journal,
            recordings=provider,
            vault=Vault(settings.vault_path, key=settings.vault_key),
            sink=durable.intake,
            settings=settings.fetch,
            clock=clock,
            woken=durable.accepted,
        )
        calls, urls = SqlCalls(engine), ReadoutUrls(public_url=url, key=key)
        reports = SpooledReports(durable.accepting.spool, clock=clock)
        outcomes = Outcomes(calls, reports=reports, policy=settings.retry_policy, clock=clock, wake=due.set)
        dialler = Dialler(
            calls,
            provider=provider,
            reports=reports,
            outcomes=outcomes,
            urls=urls,
            settings=settings.dialler,
            clock=clock,
            woken=due,
        )
        readout = ReadoutDesk(
            flow.readout, readings=calls, ends=outcomes, renderer=renderer, urls=urls, key=key, clock=clock
        )
        consumer = _outbound(settings, engine, CallPlanner(calls, wake=due.set), topic=outbound_topic, group=group)
        app = create_app(title="Kawal voice", settings=settings)
        app.include_router(webhooks.router(hotline=hotline, readout=readout, signatures=signatures, public_url=url))
        tasks: dict[str, Task] = {
            **durable.accepting.tasks,
            "recordings": fetcher.run,
            "outbound": consumer.run,
            "dialler": dialler.run,
            "retention": Retention(engine, keep=settings.conversations_kept, deletes={"voice.call": forget}).run,
        }
        if settings.voice_emulator:
            tasks["emulator"] = await stack.enter_async_context(_emulator(settings, app))
        alive = {**durable.accepting.alive, "outbound": consumer.alive, "dialler": dialler.alive}
        yield Parts(app=app, tasks=tasks, alive=alive)


def _emulator(settings: Settings, app: App) -> AbstractAsyncContextManager[Task]:
    """The emulated provider, on `app` beside our own doors."""
    return network.opened(
        app,
        settings=parts.network_settings(settings),
        auth_token=settings.twilio_auth_token.get_secret_value(),
        path=settings.emulator_path,
    )


def _outbound(
    settings: Settings, engine: AsyncEngine, planner: CallPlanner, *, topic: str, group: str
) -> Consumer[Outbound]:
    decode = decoder(outbound_adapter)
    return Consumer(
        topics=[topic],
        group=group,
        decode=decode,
        handle=planner,
        dead_letters=DeadLetters(group=group, engine=engine, table=parked_keys, bootstrap_servers=settings.kafka),
        settings=ConsumerSettings(bootstrap_servers=settings.kafka),
    )


def service(settings: Settings | None = None) -> Service:
    chosen = settings or Settings()
    return Service(NAME, settings=chosen, port=PORT, opened=lambda: opened(chosen))


def run() -> None:
    service().run()
