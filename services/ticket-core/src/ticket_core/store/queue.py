"""What routing decides by: who is there with how much to do, and which cases wait.

A case waits while its participant does (`cases_waiting_idx` finds it) and it is `new` or `open`. It counts for the
agent who has it while it waits, and for some time after the last word: two statements, whatever the number of cases.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from kawal.contracts.words import Channel, Locale
from ticket_core.domain.kinds import Priority
from ticket_core.domain.presence import Attendance, Presence, absences, is_abandoned
from ticket_core.domain.queueing import MEASURED_OVER, Departure, Pace
from ticket_core.domain.routing import Needs, RoutingRules, Waiting, Worker
from ticket_core.store import tables
from ticket_core.store.attendance import Colleague
from ticket_core.store.bulk import Insert, array_literal

_WAITING = text("""
    SELECT cases.id::text, cases.waiting_since, conversations.channel, conversations.locale, cases.topic,
           cases.priority, cases.assignee_id::text, cases.number, cases.last_seq, cases.conversation_id,
           lately.assignee_id::text
    FROM core.cases JOIN core.conversations ON conversations.id = cases.conversation_id
    LEFT JOIN LATERAL (
        SELECT other.assignee_id FROM core.cases AS other
        WHERE cases.assignee_id IS NULL AND other.participant_id = cases.participant_id AND other.id <> cases.id
          AND other.assignee_id IS NOT NULL AND other.activity_at > :sticky
        ORDER BY other.activity_at DESC, other.id DESC LIMIT 1
    ) AS lately ON true
    WHERE cases.waiting_since IS NOT NULL AND cases.state IN ('new', 'open')
""")
_ENGAGED = text("""
    SELECT cases.assignee_id::text, conversations.channel
    FROM core.cases JOIN core.conversations ON conversations.id = cases.conversation_id
    WHERE cases.assignee_id = ANY(CAST(:agents AS uuid[])) AND cases.activity_at > :engaged
      AND cases.state IN ('new', 'open', 'pending', 'on_hold')
      AND NOT (cases.waiting_since IS NOT NULL AND cases.state IN ('new', 'open'))
""")
_HELD = text("""
    SELECT cases.assignee_id::text, conversations.channel, count(*)
    FROM core.cases JOIN core.conversations ON conversations.id = cases.conversation_id
    WHERE cases.waiting_since IS NOT NULL AND cases.state IN ('new', 'open') AND cases.assignee_id IS NOT NULL
    GROUP BY 1, 2
""")
_DEPARTURES = text("SELECT left_at, skills, language, teams, weight FROM core.queue_departures")
_ASSIGNED = text("""
    SELECT case_id::text, max(at) FROM core.timeline
    WHERE case_id = ANY(CAST(:ids AS uuid[])) AND kind = 'assigned' GROUP BY case_id
""")
_FORGET = text("DELETE FROM core.queue_departures WHERE left_at <= :before")
_DEPART = Insert(
    tables.queue_departures,
    ("case_id", "waiting_since", "left_at", "skills", "language", "teams", "weight"),
    conflict="case_id, waiting_since",
)


class InQueue(NamedTuple):
    """A waiting case as it stands: `holder_id` has it, but he is gone."""

    waiting: Waiting
    number: str
    last_seq: int
    conversation_id: str
    holder_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that routing looks at, at one moment. `loads` are of everybody, `workers` those who are available."""

    now: datetime
    colleagues: dict[str, Colleague]
    workers: list[Worker]
    loads: Counter[str]
    queue: dict[str, InQueue]

    @property
    def waiting(self) -> list[Waiting]:
        return [one.waiting for one in self.queue.values()]


async def situation(
    connection: AsyncConnection,
    known: Sequence[Colleague],
    *,
    rules: RoutingRules,
    attendance: Attendance,
    now: datetime,
) -> Situation:
    """What is to be routed, and who is there for it; `known` are all agents."""
    by_id = {one.agent.id: one for one in known}
    loads, queue, doubtful = Counter[str](), dict[str, InQueue](), list[InQueue]()
    absent = _absent(known, attendance=attendance, now=now)
    for row in await connection.execute(_WAITING, {"sticky": now - rules.sticky_for}):
        case, holder_id = _waiting_of(row), row[6]
        if holder_id is not None:
            loads[holder_id] += rules.weights[case.channel]
        one = InQueue(case, row[7], row[8], row[9], holder_id)
        if holder_id is None:
            queue[case.case_id] = one
        elif any(now - left_at > rules.grace[case.channel] for left_at in absent.get(holder_id, ())):
            doubtful.append(one)
    queue |= await _abandoned(connection, doubtful, absent, rules=rules, now=now)
    loads += await _engaged(connection, by_id, rules=rules, now=now)
    present = [one for one in known if one.presence(attendance=attendance, now=now) is Presence.AVAILABLE]
    workers = [_worker(one, load=loads[one.agent.id], rules=rules) for one in present]
    return Situation(now=now, colleagues=by_id, workers=workers, loads=loads, queue=queue)


async def loads_of(
    connection: AsyncConnection, known: Sequence[Colleague], *, rules: RoutingRules, now: datetime
) -> Counter[str]:
    """The `loads` of the situation, without what waits for nobody in particular."""
    loads = Counter[str]()
    for agent_id, channel, cases in await connection.execute(_HELD):
        loads[agent_id] += rules.weights[Channel(channel)] * cases
    return loads + await _engaged(connection, [one.agent.id for one in known], rules=rules, now=now)


async def _engaged(
    connection: AsyncConnection, agents: Iterable[str], *, rules: RoutingRules, now: datetime
) -> Counter[str]:
    """What agents have to do with cases that do not wait, but in which something happened just now."""
    loads = Counter[str]()
    asked = {"agents": sorted(agents), "engaged": now - rules.engaged_for}
    for agent_id, channel in await connection.execute(_ENGAGED, asked):
        loads[agent_id] += rules.weights[Channel(channel)]
    return loads


async def pace(connection: AsyncConnection, *, now: datetime) -> Pace:
    """How the queue moved lately, as far back as is known."""
    found = [
        Departure(at, _needs(skills, language, teams), weight)
        for at, skills, language, teams, weight in await connection.execute(_DEPARTURES)
    ]
    return Pace(departures=found, since=min((one.at for one in found), default=now))


async def depart(connection: AsyncConnection, gone: Iterable[Waiting], *, rules: RoutingRules, now: datetime) -> None:
    """Write down that these cases wait no longer; those of long ago are forgotten."""
    found = []
    for case in gone:
        needs = rules.needs(case, now=now)
        skills, teams = array_literal(sorted(needs.skills)), array_literal(sorted(needs.teams))
        weight = rules.weights[case.channel]
        found.append((case.case_id, case.since, now, skills, needs.language, teams, weight))
    await _DEPART.run(connection, found)
    await connection.execute(_FORGET, {"before": now - 2 * MEASURED_OVER})


def _needs(skills: Iterable[str], language: str, teams: Iterable[str]) -> Needs:
    return Needs(frozenset(skills), Locale(language), frozenset(teams))


def _waiting_of(row: Any) -> Waiting:
    return Waiting(row[0], row[1], Channel(row[2]), Locale(row[3]), row[4], Priority(row[5]), row[10])


def _absent(known: Iterable[Colleague], *, attendance: Attendance, now: datetime) -> dict[str, tuple[datetime, ...]]:
    """When those left who were there once; whoever works here no longer, when he was last seen."""
    return {
        one.agent.id: absences(one.sign, attendance=attendance, now=now) if one.active else (one.sign.seen_at,)
        for one in known
        if one.sign is not None
    }


async def _abandoned(
    connection: AsyncConnection,
    doubtful: Sequence[InQueue],
    absent: Mapping[str, tuple[datetime, ...]],
    *,
    rules: RoutingRules,
    now: datetime,
) -> dict[str, InQueue]:
    """Those of `doubtful`, which have agents who are away, that their agents have left."""
    if not doubtful:
        return {}
    ids = [one.waiting.case_id for one in doubtful]
    assigned: dict[str, datetime] = {row[0]: row[1] for row in await connection.execute(_ASSIGNED, {"ids": ids})}
    return {
        case.case_id: one
        for one in doubtful
        if (case := one.waiting).case_id in assigned
        and is_abandoned(assigned[case.case_id], absent[one.holder_id or ""], grace=rules.grace[case.channel], now=now)
    }


def _worker(one: Colleague, *, load: int, rules: RoutingRules) -> Worker:
    profile = one.profile
    return Worker(
        agent_id=one.agent.id,
        capacity=rules.capacity if profile.capacity is None else profile.capacity,
        load=load,
        skills=profile.skills,
        languages=profile.languages,
        teams=profile.teams,
        idle_since=one.given_at,
    )
