"""Where the parts of ticket-core are put together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database
from kawal.contracts.topics import DELIVERIES, INTERACTIONS
from kawal.database.upkeep import Upkeep
from kawal.kafka import Consumer, ConsumerSettings, DeadLetters, Record
from kawal.kafka.decode import Decode
from kawal.outbox import OutboxRelay
from kawal.service import Parts, Service, Task
from kawal.vault import Vault
from ticket_core.adapters.correlation_files import load_matching
from ticket_core.adapters.programme import with_programme
from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.adapters.vocabulary import Vocabulary
from ticket_core.adapters.webhook_sender import WebhookSender
from ticket_core.api.app import create_api
from ticket_core.api.auth import Gatekeeper
from ticket_core.api.desk import Desk
from ticket_core.api.staffing import Staffing
from ticket_core.batcher import Batcher
from ticket_core.console.wiring import add_console
from ticket_core.consumers.inputs import (
    GROUP,
    Applying,
    contact,
    decode_delivery,
    decode_interaction,
    delivery_report,
)
from ticket_core.domain.inputs import Input
from ticket_core.domain.numbers import NumberSpace
from ticket_core.domain.policy import Policy
from ticket_core.domain.presence import Attendance
from ticket_core.housekeeping import Housekeeping
from ticket_core.incident_updates import IncidentUpdates
from ticket_core.indexing import Indexing
from ticket_core.live import LiveFeed
from ticket_core.macro_shelf import MacroShelf
from ticket_core.rising import Rising
from ticket_core.routing import Routing
from ticket_core.rule_rehearsal import RuleRehearsals
from ticket_core.rule_shelf import RuleShelf
from ticket_core.ruling import RuleRounds
from ticket_core.settings import Settings
from ticket_core.sla_alarms import SlaAlarms
from ticket_core.store import tables
from ticket_core.store.agents import Agents
from ticket_core.store.glimpses import Glimpses
from ticket_core.store.incidents import Incidents
from ticket_core.store.mentions import Mentions
from ticket_core.store.missed import suggest_missed
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.once import Claims
from ticket_core.store.people import People
from ticket_core.store.queries import CaseQueries
from ticket_core.store.recordings import RecordingAccesses
from ticket_core.store.rises import Rises
from ticket_core.store.saved_views import SavedViews
from ticket_core.store.sessions import Sessions
from ticket_core.store.stamps import StampWatch, check_at_start
from ticket_core.store.store import CaseStore, utc_now
from ticket_core.store.stream import CaseStream
from ticket_core.store.tags import Tags
from ticket_core.store.timeline import Timelines
from ticket_core.store.webhook_queue import keep_marks
from ticket_core.store.webhooks import WebhookSubscriptions
from ticket_core.timers import Timers
from ticket_core.webhooks import Webhooks

NAME = "ticket-core"
PORT = 8104
POOL_SIZE = 20
MISSED_EVERY_S = 15.0
MARK_EVERY_S = 60.0
REPORTS_PACE_S = 0.1
"""Agents wait for what participants say, but not for the two or three reports on each delivery."""


@dataclass(frozen=True, slots=True)
class Topics:
    """What is read; a test has its own."""

    interactions: str = INTERACTIONS.name
    deliveries: str = DELIVERIES.name
    group: str = GROUP


@asynccontextmanager
async def opened(settings: Settings, *, topics: Topics | None = None) -> AsyncIterator[Parts]:
    """Open everything; nothing here waits for PostgreSQL or Kafka.

    Raises:
        StampsAhead
    """
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            database.opened(settings.postgres_dsn, application=NAME, pool_size=POOL_SIZE)
        )
        # Not out of the pool that all else waits for: whoever is only busy stays ready.
        asked = await stack.enter_async_context(
            database.opened(settings.postgres_dsn, application=f"{NAME}-ready", pool_size=1)
        )
        await check_at_start(engine)
        relay = OutboxRelay(engine=engine, table=tables.outbox, bootstrap_servers=settings.kafka)
        live = LiveFeed(CaseStream(engine))
        numbers = CaseNumbers(engine, space=NumberSpace(settings.case_number_key.get_secret_value()))

        def committed() -> None:
            relay.wake()
            live.wake()
            routing.wake()

        policy = _policy(settings)
        store = CaseStore(engine, numbers=numbers, policy=policy, committed=committed)
        file = RoutingFile.load(settings.programme_dir)
        routing = Routing(engine, apply=store.apply, rules=file.rules, attendance=file.attendance, told=relay.wake)
        batcher = Batcher(store.apply)
        staffing = Staffing.of(engine, file, changed=routing.wake_now)
        desk = _desk(settings, engine, policy, batcher=batcher, numbers=numbers, live=live, staffing=staffing)
        app = create_api(settings, desk)
        add_console(app, desk, settings=settings)
        consumers = _consumers(settings, engine, store, topics or Topics())
        yield Parts(
            app=app,
            tasks={
                **{name: consumer.run for name, consumer in consumers.items()},
                "outbox": relay.run,
                "commands": batcher.run,
                "live": live.run,
                "routing": routing.run,
                **_behind(engine, store, desk, policy, attendance=file.attendance),
            },
            ready={"postgres": partial(_answers, asked)},
            alive={
                **{name: consumer.alive for name, consumer in consumers.items()},
                "outbox": relay.alive,
            },
        )


def _behind(
    engine: AsyncEngine, store: CaseStore, desk: Desk, policy: Policy, *, attendance: Attendance
) -> dict[str, Task]:
    """What goes on behind the write path, in any number of replicas."""
    rules = RuleRounds(
        engine, apply=store.apply, book=desk.rules.book, lexicon=policy.matching.lexicon, attendance=attendance
    )
    return {
        "rules": rules.run,
        "search": Indexing(engine).run,
        "stamps": StampWatch(engine).run,
        "webhooks": Webhooks(engine, subscriptions=desk.webhooks, sender=desk.webhook_sender).run,
        "webhook_marks": Upkeep(engine=engine, maintain=keep_marks, every_s=MARK_EVERY_S).run,
        "incident_updates": IncidentUpdates(engine, apply=store.apply).run,
        "rising": Rising(engine, matching=policy.matching).run,
        "timers": Timers(engine, apply=store.apply).run,
        "sla": SlaAlarms(engine, apply=store.apply).run,
        "housekeeping": Housekeeping(engine, sessions=desk.sessions).run,
        "missed": Upkeep(engine=engine, maintain=suggest_missed, every_s=MISSED_EVERY_S).run,
    }


async def _answers(engine: AsyncEngine) -> None:
    """Nothing can be answered without PostgreSQL."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


def _policy(settings: Settings) -> Policy:
    """What the programme's owner has decided, in the environment and in `programme/`."""
    policy = with_programme(settings.policy, programme=settings.programme_dir)
    return replace(policy, matching=load_matching(settings.programme_dir))


def _desk(
    settings: Settings,
    engine: AsyncEngine,
    policy: Policy,
    *,
    batcher: Batcher,
    numbers: CaseNumbers,
    live: LiveFeed,
    staffing: Staffing,
) -> Desk:
    sessions = Sessions(engine)
    return Desk(
        batcher=batcher,
        claims=Claims(engine),
        cases=CaseQueries(engine),
        timelines=Timelines(engine),
        people=People(engine),
        mentions=Mentions(engine),
        incidents=Incidents(engine),
        rises=Rises(engine),
        agents=Agents(engine),
        views=SavedViews(engine),
        webhooks=WebhookSubscriptions(engine, vault_key=settings.vault_key),
        webhook_sender=WebhookSender(networks=settings.webhook_networks),
        sessions=sessions,
        numbers=numbers,
        live=live,
        vault=Vault(settings.vault_path, key=settings.vault_key),
        accesses=RecordingAccesses(engine),
        gatekeeper=Gatekeeper(sessions, bootstrap_hash=settings.api_token_hash),
        staffing=staffing,
        macros=MacroShelf.load(settings.programme_dir, engine, attendance=staffing.attendances.attendance),
        rules=RuleShelf.load(settings.programme_dir, engine),
        rehearsals=RuleRehearsals(engine, policy=policy, attendance=staffing.attendances.attendance),
        vocabulary=Vocabulary.load(settings.programme_dir),
        tags=Tags(engine),
        glimpses=Glimpses(engine),
        clock=utc_now,
    )


def _consumers(settings: Settings, engine: AsyncEngine, store: CaseStore, topics: Topics) -> dict[str, Consumer[Any]]:
    """Several consumers of interactions: while one waits for PostgreSQL, the next folds."""
    usual = ConsumerSettings(bootstrap_servers=settings.kafka)
    rare = replace(usual, pace_s=REPORTS_PACE_S)

    def consumer(
        topic: str, decode: Decode[Any], given: Callable[[Record[Any]], Input], behaviour: ConsumerSettings
    ) -> Consumer[Any]:
        return Consumer(
            topics=[topic],
            group=topics.group,
            decode=decode,
            handle=Applying(store.apply, given=given).handle,
            dead_letters=DeadLetters(
                group=topics.group, engine=engine, table=tables.parked_keys, bootstrap_servers=settings.kafka
            ),
            settings=behaviour,
        )

    places = range(settings.interaction_consumers)
    interactions = {
        f"interactions_{place}": consumer(topics.interactions, decode_interaction, contact, usual) for place in places
    }
    deliveries = consumer(topics.deliveries, decode_delivery, delivery_report, rare)
    return {**interactions, "deliveries": deliveries}


def service(settings: Settings | None = None) -> Service:
    chosen = settings or Settings()
    return Service(NAME, settings=chosen, port=PORT, opened=lambda: opened(chosen))


def run() -> None:
    service().run()
