"""`programme/sla.yaml` as the domain's policies."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from kawal.contracts.words import Channel
from kawal.programme import Label, ProgrammeError, Topics, load_yaml
from kawal.programme.loading import Closed
from kawal.programme.topics import Key
from ticket_core.adapters.calendar_files import load_calendars
from ticket_core.domain.calendars import BusinessCalendar, NotOpenEnough
from ticket_core.domain.clocks import ClockKind
from ticket_core.domain.kinds import Priority
from ticket_core.domain.sla import SlaPolicies, SlaPolicy

FILE = "sla.yaml"

_LONGEST = timedelta(days=731)

_AMOUNT = re.compile(r"(?:(\d{1,4}) ?h)?(?: ?(\d{1,5}) ?min)?", re.ASCII)


def _amount(written: object) -> timedelta:
    found = _AMOUNT.fullmatch(written.strip()) if isinstance(written, str) else None
    hours, minutes = found.groups() if found else (None, None)
    amount = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if not amount:
        raise ValueError("write `30 min`, `4 h` or `1 h 30 min`")
    return amount


Amount = Annotated[timedelta, BeforeValidator(_amount)]


class WrittenPolicy(Closed):
    """A policy as its owner writes it."""

    key: Key
    label: Label
    calendar: Key
    topics: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    priorities: tuple[Priority, ...] = ()
    first_response: Amount | None = None
    next_response: Amount | None = None
    resolution: Amount | None = None

    @property
    def for_all(self) -> bool:
        return not (self.topics or self.channels or self.priorities)

    @property
    def longest(self) -> timedelta:
        return max(getattr(self, kind) or timedelta(0) for kind in ClockKind)

    def can_be_kept(self, calendar: BusinessCalendar) -> bool:
        """Whether what it promises is due within two years."""
        now = datetime.now(UTC)
        try:
            return calendar.add(now, self.longest) <= now + _LONGEST
        except NotOpenEnough:
            return False

    def rivals(self, other: "WrittenPolicy") -> bool:
        """Whether both fit some case equally closely."""
        return all(
            _meet(mine, theirs)
            for mine, theirs in (
                (self.topics, other.topics),
                (self.channels, other.channels),
                (self.priorities, other.priorities),
            )
        )


class SlaFile(Closed):
    warn_after_percent: Annotated[int, Field(ge=1, le=99)] | None = None
    policies: tuple[WrittenPolicy, ...]

    @model_validator(mode="after")
    def _each_case_has_one(self) -> "SlaFile":
        keys = [policy.key for policy in self.policies]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"there twice: {', '.join(twice)}")
        if not any(policy.for_all for policy in self.policies):
            raise ValueError("no policy is for all the rest: one must have no topics, channels and priorities")
        for one, other in combinations(self.policies, 2):
            if one.rivals(other):
                raise ValueError(f"{one.key} and {other.key} fit the same cases equally closely")
        return self


def load_sla(programme: Path) -> SlaPolicies:
    """The policies of the folder `programme`.

    Raises:
        ProgrammeError: a file cannot be used, or `sla.yaml` names a topic or a calendar that does not exist.
    """
    file, topics, calendars = load_yaml(programme / FILE, SlaFile), Topics.load(programme), load_calendars(programme)
    known = {group.key for group in topics.groups} | set(topics)
    if unknown := {topic for policy in file.policies for topic in policy.topics} - known:
        raise ProgrammeError(programme / FILE, f"topics.yaml has no {', '.join(sorted(unknown))}")
    if missing := {policy.calendar for policy in file.policies} - calendars.keys():
        raise ProgrammeError(programme / FILE, f"calendars.yaml has no {', '.join(sorted(missing))}")
    if vain := [policy.key for policy in file.policies if not policy.can_be_kept(calendars[policy.calendar])]:
        raise ProgrammeError(programme / FILE, f"longer than two years, as its calendar is open: {', '.join(vain)}")
    return SlaPolicies(
        SlaPolicy(
            key=policy.key,
            calendar=calendars[policy.calendar],
            targets={kind: target for kind in ClockKind if (target := getattr(policy, kind)) is not None},
            topics=frozenset(policy.topics),
            channels=frozenset(policy.channels),
            priorities=frozenset(policy.priorities),
            warn_after=file.warn_after_percent,
        )
        for policy in file.policies
    )


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load_sla(programme)


def _meet(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether neither asks for anything, or both for the same thing."""
    mine, theirs = set(one), set(other)
    return bool(mine & theirs) or not (mine or theirs)
