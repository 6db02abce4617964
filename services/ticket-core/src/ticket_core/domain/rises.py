"""When do more people come with a topic than usual? Only tells; an incident is made by an agent.

People are counted, not contacts. How many come to a usual hour is a Poisson count whose mean is known as well as it was
learnt, which makes it a negative binomial one (Gelman et al., Bayesian Data Analysis, 2.6): little seen, little said.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ticket_core.domain.rates import HOUR, Rates, Usual

WINDOWS: Final = (timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60))
LOOK_BACK: Final = max(WINDOWS)
LEAST_PEOPLE: Final = 8
LEAST_TIMES: Final = 3.0
"""So many times the usual, or an agent would call it usual."""
CALM_TIMES: Final = 2.0
CHANCE: Final = 1e-6
"""How likely a window may be by chance and still count. Each is looked at about 10,000 times a week for each topic, but
most of those see the same people: `tests/domain/test_rises.py` says how many false alarms come of it."""
LEAST_USUAL: Final = 0.25
"""People an hour, of a topic that was never heard of."""


class Seen(NamedTuple):
    """A case was opened at `at` by this person."""

    person: str
    at: datetime


class Rise(NamedTuple):
    """More people than usual. `since` is when it began, `people` are those who came since."""

    since: datetime
    people: int
    per_hour: float
    usual_per_hour: float


def rise(topic: str, seen: Iterable[Seen], *, rates: Rates, now: datetime) -> Rise | None:
    """The rise of `topic` in the last `LOOK_BACK`, if there is one."""
    if not rates.known:
        return None
    late = sorted((one for one in seen if now - LOOK_BACK < one.at <= now), key=lambda one: one.at)
    if len(late) < LEAST_PEOPLE or not any(_unusual(topic, late, rates, now - window, now) for window in WINDOWS):
        return None
    return _described(topic, late, rates, now)


def calm(topic: str, seen: Iterable[Seen], *, rates: Rates, now: datetime) -> bool:
    """Whether what rose is over: in the whole `LOOK_BACK` nearly as few people as usual."""
    people = _people(seen, since=now - LOOK_BACK, until=now)
    usual = _usual(topic, rates, now - LOOK_BACK, now)
    return people < max(LEAST_PEOPLE / 2, CALM_TIMES * usual.per_hour * (LOOK_BACK / HOUR))


def _unusual(topic: str, seen: Sequence[Seen], rates: Rates, since: datetime, now: datetime) -> bool:
    people = _people(seen, since=since, until=now)
    usual, hours = _usual(topic, rates, since, now), (now - since) / HOUR
    if people < max(LEAST_PEOPLE, LEAST_TIMES * usual.per_hour * hours):
        return False
    return chance(people, usual, hours=hours) < CHANCE


def _described(topic: str, late: Sequence[Seen], rates: Rates, now: datetime) -> Rise:
    """Since when: the moment from which on the people are least like the usual (the likelihood ratio is largest).

    Only the first moment of each minute is tried, because `late` may be thousands.
    """
    firsts = {one.at.replace(second=0, microsecond=0): one.at for one in reversed(late)}
    since = max(firsts.values(), key=lambda at: (_unlike(topic, late, rates, at, now), -at.timestamp()))
    people = _people(late, since=since, until=now)
    usual = _usual(topic, rates, since, now) if since < now else _usual(topic, rates, now - WINDOWS[0], now)
    hours = max(now - since, WINDOWS[0]) / HOUR
    return Rise(since, people, people / hours, usual.per_hour)


def _unlike(topic: str, late: Sequence[Seen], rates: Rates, since: datetime, now: datetime) -> float:
    if since >= now:
        return 0.0
    people = _people(late, since=since, until=now)
    expected = _usual(topic, rates, since, now).per_hour * ((now - since) / HOUR)
    return people * math.log(people / expected) - people + expected if people > expected else 0.0


def _people(seen: Iterable[Seen], *, since: datetime, until: datetime) -> int:
    return len({one.person for one in seen if since <= one.at <= until})


def _usual(topic: str, rates: Rates, since: datetime, until: datetime) -> Usual:
    usual = rates.usual(topic, since, until)
    return usual._replace(per_hour=max(usual.per_hour, LEAST_USUAL))


def chance(people: int, usual: Usual, *, hours: float) -> float:
    """How likely at least `people` come in `hours`, when all is as usual. For `people` above what is expected."""
    shape = usual.per_hour * usual.sure_hours
    new = hours / (usual.sure_hours + hours)
    log_first = math.lgamma(people + shape) - math.lgamma(shape) - math.lgamma(people + 1)
    term = math.exp(log_first + shape * math.log1p(-new) + people * math.log(new))
    total, count = 0.0, people
    while term > total * 1e-9 and term > 0.0:
        total += term
        term *= new * (count + shape) / (count + 1)
        count += 1
    return min(total, 1.0)
