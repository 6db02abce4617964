"""Assignment of 10,000 waiting cases to 200 agents: the plan alone, and a whole round on PostgreSQL."""

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from kawal import database
from kawal.contracts.interactions import Interaction, MessageReceived
from kawal.contracts.words import Channel, Locale
from kawal.observability import logging
from kawal_bench.core.servers import servers
from kawal_bench.machine import CHECKOUT
from kawal_bench.report import Figure, Goal
from ticket_core.adapters.routing_files import RoutingFile
from ticket_core.domain.inputs import Contact
from ticket_core.domain.kinds import Priority
from ticket_core.domain.numbers import NumberSpace
from ticket_core.domain.queueing import Pace, places
from ticket_core.domain.routing import Waiting, Worker, plan
from ticket_core.routing import Routing
from ticket_core.store.numbers import CaseNumbers
from ticket_core.store.store import CaseStore

CASES, AGENTS = 10_000, 200
TIMES = 7
_TOPICS = (None, "account.fraud", "incentive.not_paid", "training.cannot_buy", "registration.account_exists")
_CAPACITY = 100
_BATCH = 500

_HIRE = text("""
    WITH hired AS (
        INSERT INTO core.agents (id, email, name, password_hash, roles)
        SELECT gen_random_uuid(), 'agent' || n || '@example.id', 'Agent ' || n, 'none', '{agent}'
        FROM generate_series(1, :agents) AS n RETURNING id
    ), able AS (
        INSERT INTO core.agent_profiles (agent_id, capacity, skills, languages, teams)
        SELECT id, :capacity, '{fraud}', '{id,en}', '{payments,training}' FROM hired
    )
    INSERT INTO core.attendance (agent_id, chosen, chosen_at, seen_at) SELECT id, 'available', now(), now() FROM hired
""")
_ASSIGNED = text("SELECT count(*) FROM core.cases WHERE assignee_id IS NOT NULL")


async def measure() -> list[Figure]:
    """On a PostgreSQL of its own."""
    logging.configure("kawal-bench", level="warning")
    return [*_planned(), await _round()]


def _planned() -> list[Figure]:
    """The domain alone. Most agents are nearly full: some take a case, most cases go on waiting."""
    rules = RoutingFile.load(CHECKOUT / "programme").rules
    workers, waiting, now = _desk(random.Random(1))
    spent: list[tuple[float, float]] = []
    left = 0
    for _ in range(TIMES):
        begun = time.perf_counter()
        made = plan(workers, waiting, rules=rules, now=now)
        planned = time.perf_counter()
        places(made.left, workers, rules=rules, pace=Pace(departures=[], since=now), now=now)
        spent.append((planned - begun, time.perf_counter() - planned))
        left = len(made.left)
    how = f"{CASES:,} waiting cases, {AGENTS} agents, four skills and teams, in memory; median of {TIMES}"
    goal = Goal.most(1_000, "ms")
    return [
        Figure(what="routing: a plan", value=median(one for one, _ in spent) * 1000, unit="ms", goal=goal, how=how),
        Figure(
            what="routing: places in the queue",
            value=median(other for _, other in spent) * 1000,
            unit="ms",
            how=f"of the {left:,} that go on waiting",
        ),
    ]


def _desk(chance: random.Random) -> tuple[list[Worker], list[Waiting], datetime]:
    now = datetime.now(UTC)
    workers = [
        Worker(
            agent_id=f"agent-{index:03}",
            capacity=10,
            load=chance.randrange(10),
            skills=frozenset({"fraud"} if chance.random() < 0.3 else ()),
            languages=frozenset(Locale) if chance.random() < 0.5 else frozenset({Locale.INDONESIAN}),
            teams=frozenset(chance.sample(("payments", "training"), chance.randrange(3))),
            idle_since=now - timedelta(seconds=chance.randrange(3_600)),
        )
        for index in range(AGENTS)
    ]
    waiting = [
        Waiting(
            case_id=f"case-{index:05}",
            since=now - timedelta(seconds=chance.randrange(7_200)),
            channel=chance.choice((Channel.CHAT, Channel.CHAT, Channel.WEB, Channel.VOICE)),
            language=chance.choice((Locale.INDONESIAN, Locale.INDONESIAN, Locale.ENGLISH)),
            topic=chance.choice(_TOPICS),
            priority=chance.choice(tuple(Priority)),
            last_agent_id=f"agent-{chance.randrange(1_000):03}",
        )
        for index in range(CASES)
    ]
    return workers, waiting, now


async def _round() -> Figure:
    """From the tables to the tables: read, plan, and an entry, a case and an event written for each assignment."""
    with tempfile.TemporaryDirectory(prefix="kawal-bench-") as directory:
        async with servers(Path(directory) / "state", cores=set(range(2))) as started:
            dsn = await started.database("routing")
            async with database.opened(dsn) as engine:
                space = NumberSpace(started.credentials.case_number_key)
                store = CaseStore(engine, numbers=CaseNumbers(engine, space=space))
                await _fill(engine, store)
                file = RoutingFile.load(CHECKOUT / "programme")
                routing = Routing(engine, apply=store.apply, rules=file.rules, attendance=file.attendance)
                begun = time.perf_counter()
                given = await routing.round()
                took = time.perf_counter() - begun
                async with engine.connect() as connection:
                    assigned = (await connection.execute(_ASSIGNED)).scalar_one()
    return Figure(
        what="routing: a whole round",
        value=took,
        unit="s",
        beside=f"({given / took:,.0f} assignments/s)",
        how=f"{assigned:,} of {CASES:,} waiting chats to {AGENTS} agents on PostgreSQL, entries and events included",
    )


async def _fill(engine: AsyncEngine, store: CaseStore) -> None:
    async with engine.begin() as connection:
        await connection.execute(_HIRE, {"agents": AGENTS, "capacity": _CAPACITY})
    now = datetime.now(UTC)
    for first in range(0, CASES, _BATCH):
        chats = (_chat(index, at=now) for index in range(first, min(first + _BATCH, CASES)))
        await store.apply([Contact("/bench", chat.conversation_id, chat) for chat in chats])


def _chat(index: int, *, at: datetime) -> Interaction:
    return MessageReceived(
        conversation_id=f"chat:{index:08}",
        channel=Channel.CHAT,
        occurred_at=at,
        locale=Locale.INDONESIAN,
        topic=_TOPICS[index % len(_TOPICS)],
        text="Insentif saya belum cair",
    )
