"""Who is there to work: what an agent chose, and whether his screen still says so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Presence(StrEnum):
    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """`away_after` its last sign of life a screen that said "available" counts as away, `offline_after` as gone."""

    away_after: timedelta = timedelta(seconds=75)
    offline_after: timedelta = timedelta(minutes=15)

    def __post_init__(self) -> None:
        if self.away_after > self.offline_after:
            raise ValueError("whoever is gone has been away before")


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """What was last heard of an agent: what he chose and when, and when one of his screens was open last."""

    chosen: Presence
    chosen_at: datetime
    seen_at: datetime


def presence(sign: SignOfLife, *, attendance: Attendance, now: datetime) -> Presence:
    """What he is now."""
    silent = now - sign.seen_at
    if sign.chosen is Presence.OFFLINE or silent > attendance.offline_after:
        return Presence.OFFLINE
    return Presence.AWAY if silent > attendance.away_after else sign.chosen


def absences(sign: SignOfLife, *, attendance: Attendance, now: datetime) -> tuple[datetime, ...]:
    """When he went away, in each way in which he is away now: he said so, his screen was closed."""
    said = (sign.chosen_at,) if sign.chosen is not Presence.AVAILABLE else ()
    counts_until = sign.seen_at + attendance.away_after
    silent = (counts_until,) if now > counts_until else ()
    return said + silent


def is_abandoned(assigned_at: datetime, absences: Iterable[datetime], *, grace: timedelta, now: datetime) -> bool:
    """Whether a case's agent has left it: he went away after he got it, longer than the `grace` ago.

    What somebody takes while he says that he is away, he takes knowingly: it stays his until his screen is closed.
    """
    return any(assigned_at <= left_at and now - left_at > grace for left_at in absences)
