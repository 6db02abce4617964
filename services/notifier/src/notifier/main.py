"""The composition root of notifier."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from kawal import database, inbox, links, outbox
from kawal.contracts import topics
from kawal.contracts.case_events import CaseEvent, case_event_adapter
from kawal.contracts.deliveries import DeliveryReported, delivery_adapter
from kawal.contracts.words import Channel
from kawal.database.upkeep import Upkeep
from kawal.http import create_app
from kawal.kafka import Consumer, ConsumerSettings, DeadLetters, decoder
from kawal.outbox import OutboxRelay
from kawal.programme.templates import Templates
from kawal.service import Parts, Service
from notifier.adapters.mail import MailProvider
from notifier.adapters.sms import SmsProvider
from notifier.consumers import case_events, reports
from notifier.consumers.backlog import BacklogWatch
from notifier.consumers.sender import Sender
from notifier.consumers.unseen import UnseenWatch
from notifier.domain.providers import Provider
from notifier.domain.routing import Router
from notifier.settings import PORT, NotifierSettings
from notifier.store import tables
from notifier.store.retention import Retention

SERVICE = "notifier"
RETENTION_EVERY_S = 10.0
REPORTS_PACE_S = 0.1
"""Nobody waits for what became of a delivery; each comes with two or three reports."""


@asynccontextmanager
async def opened(settings: NotifierSettings) -> AsyncIterator[Parts]:
    """Open everything; nothing here waits for PostgreSQL, Kafka or a provider."""
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(database.opened(settings.postgres_dsn, application=SERVICE))
        router = Router(words=Templates.load(settings.programme_dir), link_of=_links(settings))
        relay = OutboxRelay(engine=engine, table=tables.outbox, bootstrap_servers=settings.kafka)
        senders = {
            f"{channel}_{place}": Sender(engine=engine, channel=channel, provider=provider, reported=relay.wake)
            for place in range(settings.senders)
            for channel, provider in (await _providers(settings, stack)).items()
        }

        def due() -> None:
            for sender in senders.values():
                sender.wake()

        events = _case_events(settings, engine, router, committed=relay.wake, due=due)
        reported = _reports(settings, engine, due=due)
        unseen = UnseenWatch(engine=engine, unseen_for=timedelta(seconds=settings.unseen_after_s), found=due)
        upkeep = Upkeep(engine=engine, maintain=_maintain)
        retention = Upkeep(engine=engine, maintain=_retention(settings), every_s=RETENTION_EVERY_S)
        yield Parts(
            app=create_app(title="Kawal notifier", settings=settings),
            tasks={
                "case_events": events.run,
                "reports": reported.run,
                "outbox": relay.run,
                "unseen": unseen.run,
                "upkeep": upkeep.run,
                "retention": retention.run,
                "backlog": BacklogWatch(engine=engine).run,
                **{f"sender_{name}": sender.run for name, sender in senders.items()},
            },
            alive={
                "case_events": events.alive,
                "reports": reported.alive,
                "outbox": relay.alive,
                **{f"sender_{name}": sender.alive for name, sender in senders.items()},
            },
        )


def service(settings: NotifierSettings | None = None) -> Service:
    chosen = settings or NotifierSettings()
    return Service(SERVICE, settings=chosen, port=PORT, opened=lambda: opened(chosen))


def run() -> None:
    service().run()


def _case_events(
    settings: NotifierSettings,
    engine: AsyncEngine,
    router: Router,
    *,
    committed: Callable[[], None],
    due: Callable[[], None],
) -> Consumer[CaseEvent]:
    decode = decoder(case_event_adapter)
    return Consumer(
        topics=[topics.CASE_EVENTS.name],
        group=case_events.GROUP,
        decode=decode,
        handle=case_events.CaseEventHandler(engine=engine, router=router, committed=committed, due=due),
        dead_letters=_dead_letters(settings, engine, group=case_events.GROUP),
        settings=ConsumerSettings(bootstrap_servers=settings.kafka),
    )


def _reports(settings: NotifierSettings, engine: AsyncEngine, *, due: Callable[[], None]) -> Consumer[DeliveryReported]:
    decode = decoder(delivery_adapter)
    return Consumer(
        topics=[topics.DELIVERIES.name],
        group=reports.GROUP,
        decode=decode,
        handle=reports.ReportHandler(engine=engine, due=due),
        dead_letters=_dead_letters(settings, engine, group=reports.GROUP),
        settings=ConsumerSettings(bootstrap_servers=settings.kafka, pace_s=REPORTS_PACE_S),
    )


def _dead_letters(settings: NotifierSettings, engine: AsyncEngine, *, group: str) -> DeadLetters:
    return DeadLetters(group=group, engine=engine, table=tables.parked_keys, bootstrap_servers=settings.kafka)


async def _providers(settings: NotifierSettings, stack: AsyncExitStack) -> dict[Channel, Provider]:
    """Connections for one worker of each channel: who is slow holds up nobody else."""
    mail = MailProvider(url=settings.smtp_url, sender=settings.mail_from)
    stack.callback(mail.close)
    credentials = (settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value())
    client = await stack.enter_async_context(httpx.AsyncClient(base_url=settings.twilio_api_url, auth=credentials))
    sms = SmsProvider(client=client, account_sid=settings.twilio_account_sid, sender=settings.twilio_number)
    return {Channel.EMAIL: mail, Channel.SMS: sms}


def _links(settings: NotifierSettings) -> Callable[[str], str]:
    """Where a participant can look at a conversation: its status page, or the portal where it has none."""
    portal = settings.web_public_url.rstrip("/")
    key = settings.link_key.get_secret_value()

    def link_of(conversation_id: str) -> str:
        if not conversation_id.startswith(f"{Channel.WEB}:"):
            return f"{portal}/"
        return f"{portal}/status/{links.status_token(conversation_id, key=key)}"

    return link_of


def _retention(settings: NotifierSettings) -> Retention:
    return Retention(words_for=timedelta(days=settings.words_days), facts_for=timedelta(days=settings.facts_days))


async def _maintain(connection: AsyncConnection, now: datetime) -> None:
    await inbox.maintain(connection, tables.inbox, now=now)
    await outbox.maintain(connection, tables.outbox, now=now)
