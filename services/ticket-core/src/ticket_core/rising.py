"""Watches whether more people than usual come with a topic, as a slow task of the service, beside the write path.

A whole hour is counted once and kept (`topic_hours`); what is usual is learnt from the hours of the last weeks. Each
minute the last hour is compared with it. Any number of replicas may watch: they all find the same.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from kawal.database import rounds
from kawal.observability import metrics
from kawal.observability.logging import get_logger
from ticket_core.domain.matching import Matching
from ticket_core.domain.outbreak import Reported, common_words, outbreaks
from ticket_core.domain.rates import HOUR, Rates, learnt
from ticket_core.domain.rises import LEAST_PEOPLE, LOOK_BACK, Rise, Seen, calm, rise
from ticket_core.store.rises import ALL, Found, Opened, Rises
from ticket_core.store.store import utc_now

PACE_S = 60.0
AFTER_OUTAGE_S = 10.0
KEPT = timedelta(weeks=6)
SETTLED = timedelta(minutes=5)
"""So long after its end an hour is counted: what was said in it has come by then, unless a part was away."""
HOURS_AT_ONCE = 24
ZONE = ZoneInfo("Asia/Jakarta")
"""Where most participants live: their days and nights make the season."""
NO_TOPIC = ""
MOST_COMPARED = 150
"""Of cases without a topic, the words of each are compared with those of the others."""
BREATH = 200
"""After so many cases the event loop has its turn."""

log = get_logger()


class _Named(NamedTuple):
    """A case by the topic that was chosen, or that its words name."""

    opened: Opened
    topic: str


class Rising:
    """`run` is a task of the service."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        matching: Matching,
        zone: tzinfo = ZONE,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = Rises(engine)
        self._matching = matching
        self._zone = zone
        self._clock = clock
        self._rates = Rates(zone=zone)
        self._known_until: datetime | None = None
        self._named: dict[str, str] = {}

    async def run(self) -> NoReturn:
        await rounds("rising", self._round, after_outage_s=AFTER_OUTAGE_S)

    async def _round(self) -> float:
        await self.look()
        return PACE_S

    async def look(self) -> None:
        """Count the hours that are over, compare the last one, and keep what is found."""
        now = self._clock()
        if await self._count_hours(now):
            await self._compare(now)
        incidents, suggestions = await self._store.counts()
        metrics.INCIDENTS_OPEN.set(incidents)
        metrics.INCIDENT_SUGGESTIONS.set(suggestions)

    async def _count_hours(self, now: datetime) -> bool:
        """Count up to `HOURS_AT_ONCE`; returns whether what is usual is known up to the present."""
        hour = await self._store.next_hour(not_before=_hour_of(now - KEPT))
        for _ in range(HOURS_AT_ONCE):
            if hour is None or hour + HOUR + SETTLED > now:
                break
            named = await self._name(await self._store.opened(hour, hour + HOUR))
            await self._store.count(hour, _people(named), forget_before=now - KEPT)
            hour += HOUR
        if hour is None or hour + HOUR + SETTLED <= now:
            return False
        if hour != self._known_until:
            self._rates = learnt(await self._store.hours(now - KEPT, hour), until=hour, zone=self._zone)
            self._known_until = hour
        return True

    async def _compare(self, now: datetime) -> None:
        named = await self._name(await self._store.opened(now - LOOK_BACK, now))
        self._named = {one.opened.case_id: one.topic for one in named if one.opened.topic is None}
        by_topic: defaultdict[str, list[Opened]] = defaultdict(list)
        for opened, topic in named:
            by_topic[topic].append(opened)
        going_on = await self._store.going_on()
        found = [
            one
            for topic, opened in by_topic.items()
            if len(opened) >= LEAST_PEOPLE and (one := await self._found(topic, opened, now)) is not None
        ]
        over = {topic for topic in going_on if calm(topic, _seen(by_topic[topic]), rates=self._rates, now=now)}
        for one in found:
            if one.topic not in going_on:
                log.info("topic_rose", topic=one.topic or None, people=one.rise.people)
        await self._store.write(found, over=over - {one.topic for one in found}, now=now)

    async def _found(self, topic: str, opened: Sequence[Opened], now: datetime) -> Found | None:
        risen = rise(topic, _seen(opened), rates=self._rates, now=now)
        if risen is None:
            return None
        since = sorted((one for one in opened if one.at >= risen.since), key=lambda one: one.at)
        if topic == NO_TOPIC:
            return await asyncio.to_thread(self._alike, risen, since, now)
        words = common_words([self._reported(one, topic) for one in since[-MOST_COMPARED:]])
        return Found(topic, risen, words, tuple(one.case_id for one in since))

    def _alike(self, risen: Rise, opened: Sequence[Opened], now: datetime) -> Found | None:
        """More people than usual without a topic have one cause only if most of them say the same."""
        reports = [self._reported(one, None) for one in opened[-MOST_COMPARED:]]
        groups = outbreaks(reports, matching=self._matching, within=LOOK_BACK, least_people=LEAST_PEOPLE, now=now)
        if not groups:
            return None
        largest = groups[0]
        hours = max(now - largest.since, timedelta(minutes=15)) / HOUR
        alike = Rise(largest.since, largest.people, largest.people / hours, risen.usual_per_hour)
        return Found(NO_TOPIC, alike, largest.words, largest.case_ids)

    def _reported(self, opened: Opened, topic: str | None) -> Reported:
        return Reported(opened.case_id, opened.person, opened.at, self._matching.problem(topic, opened.gist))

    async def _name(self, opened: Sequence[Opened]) -> list[_Named]:
        named: list[_Named] = []
        for place, one in enumerate(opened):
            if place % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            named.append(_Named(one, one.topic or self._topic_of(one)))
        return named

    def _topic_of(self, opened: Opened) -> str:
        """What the words name; remembered while the case is one of the last hour's."""
        known = self._named.get(opened.case_id)
        if known is None:
            known = self._matching.topic_of(self._matching.lexicon.content(opened.gist)) or NO_TOPIC
        return known


def _people(named: Sequence[_Named]) -> dict[str, int]:
    by_topic: defaultdict[str, set[str]] = defaultdict(set)
    for one in named:
        by_topic[one.topic].add(one.opened.person)
        by_topic[ALL].add(one.opened.person)
    return {ALL: 0, **{topic: len(persons) for topic, persons in by_topic.items()}}


def _seen(opened: Sequence[Opened]) -> list[Seen]:
    return [Seen(one.person, one.at) for one in opened]


def _hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
