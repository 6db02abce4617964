"""Who is there to work: what an agent chose, and whether his screen still says so."""

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


def absent_since(sign: SignOfLife, *, attendance: Attendance, now: datetime) -> datetime | None:
    """Since when he has not been available; `None` while he is."""
    if sign.chosen is not Presence.AVAILABLE:
        return sign.chosen_at
    return None if presence(sign, attendance=attendance, now=now) is Presence.AVAILABLE else sign.seen_at
