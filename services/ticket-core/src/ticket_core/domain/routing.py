"""Who takes which waiting case. Pure: the same desk and the same queue always give the same plan.

The queue's order is fixed for each case when it begins to wait (`rank`): when it came, less a head start for its
priority. So a case can only ever be overtaken by those that come within that head start: nothing starves behind a
stream of more urgent ones. Nor do heavy cases starve behind light ones that fill each gap first: a case that has waited
long and finds no agent with room enough keeps one agent's room for itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from kawal.contracts.words import Channel, Locale
from ticket_core.domain.kinds import Priority

_NEVER = float("-inf")


class Needs(NamedTuple):
    """What whoever takes a case must know. `teams`, when there are any: one of them must be his."""

    skills: frozenset[str] = frozenset()
    language: Locale = Locale.INDONESIAN
    teams: frozenset[str] = frozenset()


class Waiting(NamedTuple):
    """A case without an agent. `since` is when its participant began to wait, `last_agent_id` who helped him lately."""

    case_id: str
    since: datetime
    channel: Channel
    language: Locale = Locale.INDONESIAN
    topic: str | None = None
    priority: Priority = Priority.NORMAL
    last_agent_id: str | None = None


class Worker(NamedTuple):
    """An agent who is available. `load` is the weight of what he has, `idle_since` when he was last given a case."""

    agent_id: str
    capacity: int
    load: int = 0
    skills: frozenset[str] = frozenset()
    languages: frozenset[Locale] = frozenset(Locale)
    teams: frozenset[str] = frozenset()
    idle_since: datetime | None = None

    def knows(self, needs: Needs) -> bool:
        return (
            needs.skills <= self.skills
            and needs.language in self.languages
            and (not needs.teams or not needs.teams.isdisjoint(self.teams))
        )

    def able(self, needs: Needs, weight: int) -> bool:
        """Whether he could take such a case if he had nothing else."""
        return self.capacity >= weight and self.knows(needs)


def _weights() -> dict[Channel, int]:
    return {Channel.CHAT: 2, Channel.VOICE: 5, Channel.WEB: 1, Channel.EMAIL: 1, Channel.SMS: 1}


def _head_starts() -> dict[Priority, timedelta]:
    return {
        Priority.LOW: timedelta(hours=-4),
        Priority.NORMAL: timedelta(0),
        Priority.HIGH: timedelta(minutes=30),
        Priority.URGENT: timedelta(hours=2),
    }


def _patience() -> dict[Channel, timedelta]:
    live, slow = timedelta(minutes=2), timedelta(hours=1)
    return {Channel.CHAT: live, Channel.VOICE: live, Channel.WEB: slow, Channel.EMAIL: slow, Channel.SMS: slow}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """What a programme's owner decides about it: `programme/routing.yaml`.

    `capacity` is that of an agent who has none of his own, `weights` what a case of a channel takes of it. `skills`
    and `teams` are what each topic (`group.topic`), or all of its group, ask for; after `team_first`, others than the
    team take its cases as well. `reserve_after` is when a case begins to keep room for itself. A case counts in its
    agent's load while its participant waits, and for `engaged_for` after the last word. `sticky_for` is how long the
    agent who helped last is preferred, `grace` how long a case waits for its own agent who has gone away.
    """

    capacity: int = 10
    weights: Mapping[Channel, int] = field(default_factory=_weights)
    head_starts: Mapping[Priority, timedelta] = field(default_factory=_head_starts)
    skills: Mapping[str, frozenset[str]] = field(default_factory=dict)
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)
    team_first: timedelta = timedelta(minutes=10)
    reserve_after: timedelta = timedelta(minutes=2)
    engaged_for: timedelta = timedelta(minutes=15)
    sticky_for: timedelta = timedelta(hours=24)
    grace: Mapping[Channel, timedelta] = field(default_factory=_patience)

    def rank(self, case: Waiting) -> tuple[datetime, str]:
        """A case's place in the queue, lowest first; it never changes while the case waits as it is."""
        return case.since - self.head_starts[case.priority], case.case_id

    def needs(self, case: Waiting, *, now: datetime) -> Needs:
        if not case.topic:
            return Needs(language=case.language)
        teams = _asked(self.teams, case.topic) if now - case.since < self.team_first else frozenset()
        return Needs(_asked(self.skills, case.topic), case.language, teams)


def _asked(asks: Mapping[str, frozenset[str]], topic: str) -> frozenset[str]:
    nothing = frozenset[str]()
    return asks.get(topic, nothing) | asks.get(topic.partition(".")[0], nothing)


class Assignment(NamedTuple):
    case_id: str
    agent_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`left` go on waiting, in their order; for those in `unmatched` nobody who is there would do, however idle."""

    assigned: list[Assignment]
    left: list[Waiting]
    unmatched: frozenset[str]


def plan(workers: Iterable[Worker], waiting: Iterable[Waiting], *, rules: RoutingRules, now: datetime) -> Plan:
    """Give each case, in the order of their ranks, to the least loaded of those who can take it.

    The load is compared as a share of the capacity; among equals the one who was given nothing for longest is next. The
    agent who helped the participant last goes before all others, if he has room. O(n log n) in cases and agents.
    """
    desk = _Desk(workers)
    assigned: list[Assignment] = []
    left: list[Waiting] = []
    unmatched: set[str] = set()
    for case in sorted(waiting, key=rules.rank):
        line = desk.line(rules.needs(case, now=now), rules.weights[case.channel])
        seat = desk.sticky(case, line) or line.next()
        if seat is not None:
            seat.take(line.weight, now)
            assigned.append(Assignment(case.case_id, seat.worker.agent_id))
            continue
        left.append(case)
        if not line.seats:
            unmatched.add(case.case_id)
        elif now - case.since >= rules.reserve_after:
            line.reserve()
    return Plan(assigned, left, frozenset(unmatched))


class _Seat:
    """A worker while the plan is made. His load only grows, and what is kept for one case is given to no other."""

    __slots__ = ("idle_since", "load", "reserved", "worker")

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.load = worker.load
        self.idle_since = worker.idle_since.timestamp() if worker.idle_since else _NEVER
        self.reserved = False

    @property
    def room(self) -> int:
        return 0 if self.reserved else self.worker.capacity - self.load

    @property
    def order(self) -> tuple[float, float, str]:
        return self.load / self.worker.capacity, self.idle_since, self.worker.agent_id

    def take(self, weight: int, now: datetime) -> None:
        self.load += weight
        self.idle_since = now.timestamp()


class _Line:
    """Those who can take cases of one kind, next one first.

    Seats only become less suitable while a plan is made, so what the heap says of one is never too bad: it is checked
    when it comes up, and put back where it belongs by now.
    """

    __slots__ = ("_heap", "_nothing_to_reserve", "seats", "weight")

    def __init__(self, seats: Sequence[_Seat], weight: int) -> None:
        self.seats = {seat.worker.agent_id: seat for seat in seats}
        self.weight = weight
        self._heap = sorted((seat.order, seat.worker.agent_id) for seat in self.seats.values() if seat.room >= weight)
        self._nothing_to_reserve = False

    def next(self) -> _Seat | None:
        """Who is next; `None` when nobody has room."""
        while self._heap:
            order, agent_id = self._heap[0]
            seat = self.seats[agent_id]
            if seat.room >= self.weight and order == seat.order:
                return seat
            heappop(self._heap)
            if seat.room >= self.weight:
                heappush(self._heap, (seat.order, agent_id))
        return None

    def reserve(self) -> None:
        """Keep the room of the agent who lacks least, until a later plan finds that it is enough."""
        if self._nothing_to_reserve:
            return
        seat = max(self.seats.values(), key=lambda seat: (seat.room, seat.worker.agent_id))
        if seat.room > 0:
            seat.reserved = True
        else:
            self._nothing_to_reserve = True


class _Desk:
    """All seats, and a line for each kind of case that has come up."""

    def __init__(self, workers: Iterable[Worker]) -> None:
        self._seats = [_Seat(worker) for worker in workers if worker.capacity > 0]
        self._lines: dict[tuple[Needs, int], _Line] = {}

    def line(self, needs: Needs, weight: int) -> _Line:
        found = self._lines.get((needs, weight))
        if found is None:
            able = [seat for seat in self._seats if seat.worker.able(needs, weight)]
            found = self._lines[needs, weight] = _Line(able, weight)
        return found

    @staticmethod
    def sticky(case: Waiting, line: _Line) -> _Seat | None:
        seat = line.seats.get(case.last_agent_id) if case.last_agent_id else None
        return seat if seat is not None and seat.room >= line.weight else None
