"""Which promise holds for a case: the most specific of the programme's policies."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from operator import itemgetter

from kawal.contracts.words import Channel
from ticket_core.domain.calendars import BusinessCalendar
from ticket_core.domain.clocks import ClockKind, Terms
from ticket_core.domain.kinds import Priority

_REMEMBERED = 1_000


@dataclass(frozen=True, kw_only=True, eq=False)
class SlaPolicy:
    """For cases about `topics` (or groups of topics) on `channels` with `priorities`; of what is empty, for all.

    `targets` are business time of `calendar`, by clock; where there is none, nothing is promised, but the time counts
    all the same. `warn_after` is the share of a target after which it is at risk, in percent.
    """

    key: str
    calendar: BusinessCalendar
    targets: Mapping[ClockKind, timedelta] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    warn_after: int | None = None

    @cached_property
    def terms(self) -> Mapping[ClockKind, Terms]:
        """What it promises of each clock."""
        return {kind: self._terms(kind) for kind in ClockKind}

    def _terms(self, kind: ClockKind) -> Terms:
        target = self.targets.get(kind)
        if target is None or self.warn_after is None:
            return Terms(self.key, self.calendar, target)
        return Terms(self.key, self.calendar, target, target * self.warn_after / 100)

    def rank(self, topic: str | None, channel: Channel, priority: Priority) -> tuple[int, bool, bool] | None:
        """How closely it fits: first by the topic, then by the channel, then by the priority. `None`: it does not."""
        about = _fit(topic, self.topics)
        if about is None or (self.channels and channel not in self.channels):
            return None
        if self.priorities and priority not in self.priorities:
            return None
        return about, bool(self.channels), bool(self.priorities)


class SlaPolicies:
    """All of a programme's; empty, where it promises nothing. One of them is for all cases, so each case has one."""

    def __init__(self, policies: Iterable[SlaPolicy] = ()) -> None:
        self._policies = tuple(policies)
        self._found: dict[tuple[str | None, Channel, Priority], SlaPolicy] = {}

    def __bool__(self) -> bool:
        return bool(self._policies)

    def __iter__(self) -> Iterator[SlaPolicy]:
        return iter(self._policies)

    def policy(self, topic: str | None, channel: Channel, priority: Priority) -> SlaPolicy:
        """The one that fits most closely."""
        place = (topic, channel, priority)
        found = self._found.get(place)
        if found is None:
            ranked = ((policy.rank(topic, channel, priority), policy) for policy in self._policies)
            _, found = max(((rank, policy) for rank, policy in ranked if rank is not None), key=itemgetter(0))
            if len(self._found) < _REMEMBERED:  # anything may come as a topic
                self._found[place] = found
        return found


def _fit(topic: str | None, wanted: frozenset[str]) -> int | None:
    """2: the topic itself is wanted, 1: its group, 0: any is; `None`: others."""
    if not wanted:
        return 0
    if topic is None:
        return None
    if topic in wanted:
        return 2
    return 1 if topic.partition(".")[0] in wanted else None
