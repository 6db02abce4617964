"""What can be seen of routing: who is there, and what waits. Nothing here locks or writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.contracts.words import Channel
from ticket_core.domain.kinds import Priority
from ticket_core.domain.presence import Attendance, Presence
from ticket_core.domain.queueing import minutes, places
from ticket_core.domain.routing import RoutingRules, Waiting, plan
from ticket_core.store.attendance import Colleague, colleagues
from ticket_core.store.queue import InQueue, Situation, loads_of, pace, situation
from ticket_core.store.reading import Reading


@dataclass(frozen=True, slots=True)
class AgentAtWork:
    """`load` is the weight of what he has, `capacity` what he can have; `since` is when he chose his presence."""

    id: str
    name: str
    presence: Presence
    since: datetime | None
    load: int
    capacity: int
    skills: list[str]
    languages: list[str]
    teams: list[str]


@dataclass(frozen=True, slots=True)
class QueuedCase:
    """`position` and `wait_minutes` as the participant of a chat is told; null where nobody can tell."""

    number: str
    channel: Channel
    topic: str | None
    priority: Priority
    waiting_since: datetime
    position: int | None
    wait_minutes: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` counts all cases, `unmatched` those for which nobody who is there would do; `items` are the first."""

    waiting: int
    unmatched: int
    items: list[QueuedCase]


@dataclass(frozen=True, slots=True)
class TeamAtWork:
    """`present` are its members who are available, `waiting` the cases that are the team's own so far."""

    key: str
    members: int
    present: int
    waiting: int


class Board:
    """`rules` and `attendance` as the task has them: what is shown is what it would do."""

    def __init__(self, engine: AsyncEngine, *, rules: RoutingRules, attendance: Attendance) -> None:
        self._reading = Reading(engine)
        self._rules = rules
        self._attendance = attendance

    async def agents(self, *, now: datetime) -> list[AgentAtWork]:
        """Everybody who works here, by name."""
        async with self._reading.connection() as connection:
            known = await colleagues(connection)
            loads = await loads_of(connection, known, rules=self._rules, now=now)
        return [self._at_work(one, load=loads[one.agent.id], now=now) for one in known if one.active]

    async def queue(self, *, now: datetime, limit: int) -> Queue:
        """What nobody has, in its order."""
        seen = await self._situation(now)
        async with self._reading.connection() as connection:
            measured = await pace(connection, now=now)
        made = plan(seen.workers, seen.waiting, rules=self._rules, now=now)
        order = sorted(seen.waiting, key=self._rules.rank)
        found = places(order, seen.workers, rules=self._rules, pace=measured, now=now)
        told = {place.case_id: (place.position, place.wait) for place in found}
        items = [_queued(seen.queue[case.case_id], *told.get(case.case_id, (None, None))) for case in order[:limit]]
        return Queue(len(order), len(made.unmatched), items)

    async def teams(self, keys: list[str], *, now: datetime) -> list[TeamAtWork]:
        """These teams, in this order."""
        seen = await self._situation(now)
        own = [self._rules.needs(case, now=now).teams for case in seen.waiting]
        members = [one.profile.teams for one in seen.colleagues.values() if one.active]
        present = [one.teams for one in seen.workers]

        def count(sets: list[frozenset[str]], key: str) -> int:
            return sum(key in one for one in sets)

        return [TeamAtWork(key, count(members, key), count(present, key), count(own, key)) for key in keys]

    async def _situation(self, now: datetime) -> Situation:
        async with self._reading.connection() as connection:
            known = await colleagues(connection)
            return await situation(connection, known, rules=self._rules, attendance=self._attendance, now=now)

    def _at_work(self, one: Colleague, *, load: int, now: datetime) -> AgentAtWork:
        profile = one.profile
        return AgentAtWork(
            id=one.agent.id,
            name=one.agent.name,
            presence=one.presence(attendance=self._attendance, now=now),
            since=one.sign.chosen_at if one.sign else None,
            load=load,
            capacity=self._rules.capacity if profile.capacity is None else profile.capacity,
            skills=sorted(profile.skills),
            languages=sorted(profile.languages),
            teams=sorted(profile.teams),
        )


def _queued(one: InQueue, position: int | None, wait: timedelta | None) -> QueuedCase:
    case: Waiting = one.waiting
    return QueuedCase(one.number, case.channel, case.topic, case.priority, case.since, position, minutes(wait))
