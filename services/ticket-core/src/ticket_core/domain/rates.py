"""How many people usually come with a topic, by hour of the week; learnt from whole hours, the latest weeks most.

Each hour of the week has an exponentially weighted mean (EWMA) of its own, and leans on the rest of what is known as
long as it has seen little: on what all topics do at that hour of the week, that on the hour of the day, that on the
mean. So Monday morning is usual on a Monday morning, also of a rare topic, and also in the second week.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

HOUR: Final = timedelta(hours=1)
WEEK_HOURS: Final = 7 * 24
KEPT: Final = 0.75
"""What a week weighs, compared with the one after it."""
LEANS: Final = 2.0
"""How many hours of its own outweigh what an hour of the week is expected to be from the rest."""
LEARNING_HOURS: Final = 24
"""Nothing is usual before so many hours were seen."""
CLIPPED_AT, CLIPPED_BEYOND = 3.0, 5.0
"""An hour teaches no more than so many times what was usual, and so many people: an incident is not the new usual."""


class TopicHour(NamedTuple):
    """So many different people opened a case about `topic` in the hour that begins at `hour`."""

    topic: str
    hour: datetime
    people: int


class Usual(NamedTuple):
    """People an hour, and how many hours' worth of seeing that is known from."""

    per_hour: float
    sure_hours: float


class Rates:
    """What is usual. `zone` is where the week's hours are counted."""

    def __init__(self, *, zone: tzinfo) -> None:
        self._zone = zone
        self._hours = 0
        self._seen = [0.0] * WEEK_HOURS
        self._all = [0.0] * WEEK_HOURS
        self._people: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * WEEK_HOURS)

    @property
    def known(self) -> bool:
        return self._hours >= LEARNING_HOURS

    def learn(self, hour: datetime, counted: dict[str, int]) -> None:
        """One more whole hour, in order; a topic that is not named had nobody."""
        slot = self._slot(hour)
        heard = {topic: self._clipped(topic, slot, people) for topic, people in counted.items()}
        for topic in self._people.keys() | heard.keys():
            weights = self._people[topic]
            weights[slot] = KEPT * weights[slot] + heard.get(topic, 0.0)
        self._all[slot] = KEPT * self._all[slot] + sum(heard.values())
        self._seen[slot] = KEPT * self._seen[slot] + 1
        self._hours += 1

    def usual(self, topic: str, since: datetime, until: datetime) -> Usual:
        """What is usual from `since` to `until`, which may be in two hours of the week."""
        parts: list[tuple[float, Usual]] = []
        at = since
        while at < until:
            end = min(until, _hour_of(at) + HOUR)
            parts.append(((end - at) / (until - since), self._of_slot(topic, self._slot(at))))
            at = end
        return Usual(sum(share * one.per_hour for share, one in parts), min(one.sure_hours for _, one in parts))

    def _of_slot(self, topic: str, slot: int) -> Usual:
        people = self._people[topic] if topic in self._people else [0.0] * WEEK_HOURS
        mean, mean_of_all = self._mean(people), self._mean(self._all)
        expected = mean * self._season(slot) / mean_of_all if mean_of_all else 0.0
        return Usual((people[slot] + LEANS * expected) / (self._seen[slot] + LEANS), self._seen[slot] + LEANS)

    def _season(self, slot: int) -> float:
        """What all topics together do in an hour of the week."""
        same_hour = range(slot % 24, WEEK_HOURS, 24)
        seen, people = sum(self._seen[one] for one in same_hour), sum(self._all[one] for one in same_hour)
        day = (people + LEANS * self._mean(self._all)) / (seen + LEANS)
        return (self._all[slot] + LEANS * day) / (self._seen[slot] + LEANS)

    def _mean(self, people: list[float]) -> float:
        seen = sum(self._seen)
        return sum(people) / seen if seen else 0.0

    def _clipped(self, topic: str, slot: int, people: int) -> float:
        if not self.known:
            return people
        return min(people, CLIPPED_AT * self._of_slot(topic, slot).per_hour + CLIPPED_BEYOND)

    def _slot(self, at: datetime) -> int:
        local = at.astimezone(self._zone)
        return local.weekday() * 24 + local.hour


def learnt(hours: Iterable[TopicHour], *, until: datetime, zone: tzinfo) -> Rates:
    """What is usual by the whole hours before `until`, from the first that somebody came in."""
    counted: defaultdict[datetime, dict[str, int]] = defaultdict(dict)
    for topic, hour, people in hours:
        counted[hour][topic] = people
    rates = Rates(zone=zone)
    hour = min(counted, default=until)
    while hour + HOUR <= until:
        rates.learn(hour, counted.get(hour, {}))
        hour += HOUR
    return rates


def _hour_of(at: datetime) -> datetime:
    """The beginning of its hour; all zones here differ by whole hours."""
    return at.replace(minute=0, second=0, microsecond=0)
