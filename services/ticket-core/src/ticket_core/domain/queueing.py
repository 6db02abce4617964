"""Where in the queue a case is, and how long it will still wait: measured, never wished for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ticket_core.domain.routing import Needs, RoutingRules, Waiting, Worker

MEASURED_OVER = timedelta(minutes=15)
FEWEST = 5
"""From fewer cases than that nobody can tell how fast a queue moves: then nothing is said."""
LONGEST = timedelta(hours=4)
"""Above it the queue has moved too slowly to say more than where in it one is."""


class Departure(NamedTuple):
    """A case that is no longer in the queue: it got an agent, or it ended."""

    at: datetime
    needs: Needs
    weight: int = 1


class Place(NamedTuple):
    """`position` counts from 1, among the cases that wait for the same agents. `wait` is `None` when nobody knows."""

    case_id: str
    position: int
    wait: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a queue moved lately: the cases that left it since `since`."""

    departures: Sequence[Departure]
    since: datetime


def places(
    left: Sequence[Waiting], workers: Sequence[Worker], *, rules: RoutingRules, pace: Pace, now: datetime
) -> list[Place]:
    """The place of each case in `left`, which is in the queue's order. Cases for which nobody is there have none.

    Cases that wait for the same agents wait for each other: two are counted together if one agent could take both.
    """
    able = _Able(workers)
    crews = [able.crew(rules.needs(case, now=now), rules.weights[case.channel]) for case in left]
    intervals = _intervals(set(crews), able, pace, now=now)
    number = {crew: at for at, crew in enumerate(intervals)}
    rivals = {crew: [at for other, at in number.items() if crew & other] for crew in number}
    ahead = [0] * len(number)
    found: list[Place] = []
    for case, crew in zip(left, crews, strict=True):
        if not crew:
            continue
        for at in rivals[crew]:
            ahead[at] += 1
        position = ahead[number[crew]]
        found.append(Place(case.case_id, position, _wait(position, intervals[crew])))
    return found


class _Able:
    """Which of the agents could take a case: a crew, one bit for each."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._known: dict[tuple[Needs, int], int] = {}

    def crew(self, needs: Needs, weight: int) -> int:
        found = self._known.get((needs, weight))
        if found is None:
            found = sum(1 << at for at, one in enumerate(self._workers) if one.able(needs, weight))
            self._known[needs, weight] = found
        return found


def _intervals(crews: Iterable[int], able: _Able, pace: Pace, *, now: datetime) -> dict[int, timedelta | None]:
    """For each crew, the mean time between two cases that it, or a part of it, took out of the queue lately."""
    begin = max(pace.since, now - MEASURED_OVER)
    left = Counter(able.crew(one.needs, one.weight) for one in pace.departures if one.at > begin)
    counts = {crew: sum(count for other, count in left.items() if crew & other) for crew in crews}
    return {crew: (now - begin) / count if count >= FEWEST else None for crew, count in counts.items()}


def _wait(position: int, interval: timedelta | None) -> timedelta | None:
    wait = interval * position if interval is not None else None
    return wait if wait is not None and wait <= LONGEST else None


class Told(NamedTuple):
    """What a participant was last told of his place."""

    place: Place
    at: datetime


FRONT = 5
"""From here on each step forward is told at once."""
AGAIN_AFTER = timedelta(seconds=20)
AGAIN_AFTER_BEHIND = timedelta(minutes=1)
BEHIND = 50


def worth_telling(before: Told | None, place: Place, *, now: datetime) -> bool:
    """Whether a participant should hear of `place`: the nearer it is, the sooner; never the same twice."""
    if before is None:
        return True
    if (before.place.position, minutes(before.place.wait)) == (place.position, minutes(place.wait)):
        return False
    if place.position <= FRONT and place.position != before.place.position:
        return True
    return now - before.at >= (AGAIN_AFTER_BEHIND if place.position > BEHIND else AGAIN_AFTER)


def minutes(wait: timedelta | None) -> int | None:
    """As it is told: whole minutes, rounded up."""
    return None if wait is None else -int(-wait.total_seconds() // 60)
