"""Promises for tests, as the domain has them and as the oracle of `naive_clocks` does."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from core_factories import PROGRAMME
from kawal.contracts.words import Channel
from naive_clocks import SECOND, NaiveCalendar, NaivePolicy
from ticket_core.domain.calendars import DAY, BusinessCalendar, Hours
from ticket_core.domain.clocks import ClockKind
from ticket_core.domain.entries import Priority
from ticket_core.domain.policy import Policy
from ticket_core.domain.sla import SlaPolicies, SlaPolicy

FIRST, NEXT, RESOLUTION = ClockKind
JAKARTA, JAYAPURA = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")
AFTERNOON = datetime(2026, 11, 24, 14, 2, tzinfo=JAKARTA)
BEFORE_THE_HOLIDAY = datetime(2026, 11, 24, 23, 50, tzinfo=JAKARTA)
HOLIDAY = date(2026, 11, 25)


class Calendars(NamedTuple):
    """The same calendar twice."""

    domain: BusinessCalendar
    naive: NaiveCalendar

    @classmethod
    def of(cls, zone: ZoneInfo, hours: list[Hours], *, off: frozenset[date] = frozenset()) -> "Calendars":
        week = dict.fromkeys(range(7), hours)
        return cls(BusinessCalendar(zone, week, holidays=off), NaiveCalendar(zone, week, off, SECOND))


class Promise(NamedTuple):
    """The same policy twice."""

    domain: SlaPolicy
    naive: NaivePolicy


def promise(
    key: str,
    calendar: Calendars,
    targets: dict[ClockKind, int],
    *,
    warn_after: int | None = 75,
    topics: tuple[str, ...] = (),
    channels: tuple[Channel, ...] = (),
    priorities: tuple[Priority, ...] = (),
) -> Promise:
    """`targets` are seconds."""
    domain = SlaPolicy(
        key=key,
        calendar=calendar.domain,
        targets={kind: timedelta(seconds=seconds) for kind, seconds in targets.items()},
        topics=frozenset(topics),
        channels=frozenset(channels),
        priorities=frozenset(priorities),
        warn_after=warn_after,
    )
    return Promise(domain, NaivePolicy(key, calendar.naive, targets, topics, channels, priorities))


ALWAYS = Calendars.of(JAYAPURA, [(0, DAY)])
DESK = Calendars.of(
    JAKARTA,
    [(0, 30), (14 * 60, 14 * 60 + 11), (14 * 60 + 15, 15 * 60), (15 * 60 + 30, DAY)],
    off=frozenset({HOLIDAY}),
)
PROMISES = (
    promise("usual", DESK, {FIRST: 600, NEXT: 300, RESOLUTION: 2_400}),
    promise("chat", ALWAYS, {FIRST: 200, NEXT: 120, RESOLUTION: 1_500}, channels=(Channel.CHAT,)),
    promise("payments", DESK, {FIRST: 300, RESOLUTION: 900}, topics=("payment",), warn_after=None),
    promise("urgent", ALWAYS, {FIRST: 60, NEXT: 60, RESOLUTION: 400}, priorities=(Priority.URGENT,)),
    promise("fraud", ALWAYS, {RESOLUTION: 100}, topics=("account.fraud",), channels=(Channel.WEB,)),
)
OTHER_PROMISES = (
    promise("usual", ALWAYS, {FIRST: 500, NEXT: 400, RESOLUTION: 1_200}, warn_after=50),
    promise("accounts", DESK, {FIRST: 200, NEXT: 200}, topics=("account",)),
)


def policy(promises: tuple[Promise, ...] = PROMISES) -> Policy:
    """The programme of the other tests, with promises."""
    return replace(PROGRAMME, sla=SlaPolicies(one.domain for one in promises))
