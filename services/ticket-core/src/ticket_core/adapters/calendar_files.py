"""`programme/calendars.yaml` as the domain's calendars."""

from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from holidays.constants import GOVERNMENT, PUBLIC
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from kawal.programme import Label, load_yaml
from kawal.programme.loading import Closed
from kawal.programme.topics import Key
from ticket_core.domain.calendars import DAY, BusinessCalendar, Hours

FILE = "calendars.yaml"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError("no time zone; Indonesia has Asia/Jakarta, Asia/Makassar and Asia/Jayapura") from unknown
    return name


Range = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Zone = Annotated[str, AfterValidator(_zone)]


class Week(Closed):
    """Opening hours, `08:00-17:00`; a day that is not named is closed."""

    monday: tuple[Range, ...] = ()
    tuesday: tuple[Range, ...] = ()
    wednesday: tuple[Range, ...] = ()
    thursday: tuple[Range, ...] = ()
    friday: tuple[Range, ...] = ()
    saturday: tuple[Range, ...] = ()
    sunday: tuple[Range, ...] = ()

    @property
    def hours(self) -> dict[int, list[Hours]]:
        days = (getattr(self, name) for name in Week.model_fields)
        return {weekday: [_hours(written) for written in ranges] for weekday, ranges in enumerate(days)}

    @model_validator(mode="after")
    def _make_a_calendar(self) -> "Week":
        BusinessCalendar(ZoneInfo("UTC"), self.hours)
        return self


class Calendar(Closed):
    """`holidays` are keys of lists below."""

    key: Key
    label: Label
    time_zone: Zone
    hours: Week
    holidays: tuple[Key, ...] = ()


class Holiday(Closed):
    on: date
    label: Label


class HolidayList(Closed):
    """The public holidays of `country` (ISO 3166-1), with what is added, without what is excepted."""

    key: Key
    label: Label
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    joint_leave: bool = False
    add: tuple[Holiday, ...] = ()
    not_on: Annotated[tuple[date, ...], Field(alias="except")] = ()

    @property
    def days(self) -> "Days":
        """Which days are free."""
        return Days(self._of_country(), frozenset(day.on for day in self.add), frozenset(self.not_on))

    def _of_country(self) -> holidays.HolidayBase | None:
        categories = (PUBLIC, GOVERNMENT) if self.joint_leave else (PUBLIC,)
        return holidays.country_holidays(self.country, categories=categories) if self.country else None

    @model_validator(mode="after")
    def _is_known(self) -> "HolidayList":
        try:
            known = self._of_country()
        except NotImplementedError as unknown:
            raise ValueError(f"the package `holidays` does not know the country {self.country}") from unknown
        except ValueError as unknown:
            raise ValueError(f"the package `holidays` knows no joint leave of {self.country}") from unknown
        if idle := [f"{day}" for day in self.not_on if known is None or day not in known]:
            raise ValueError(f"excepted, but no holiday anyway: {', '.join(idle)}")
        return self


class Days:
    """The free days of a list. A country's are worked out by the year, when somebody first asks for it."""

    def __init__(self, country: holidays.HolidayBase | None, added: frozenset[date], excepted: frozenset[date]) -> None:
        self._country = country
        self._added = added
        self._excepted = excepted

    def __contains__(self, day: object) -> bool:
        if day in self._added:
            return True
        return self._country is not None and day not in self._excepted and day in self._country


class AnyOf:
    """The free days of several lists."""

    def __init__(self, lists: tuple[Days, ...]) -> None:
        self._lists = lists

    def __contains__(self, day: object) -> bool:
        return any(day in days for days in self._lists)


class CalendarsFile(Closed):
    calendars: Annotated[tuple[Calendar, ...], Field(min_length=1)]
    holidays: tuple[HolidayList, ...] = ()

    @model_validator(mode="after")
    def _keys_fit(self) -> "CalendarsFile":
        for keys in ([one.key for one in self.calendars], lists := [one.key for one in self.holidays]):
            if twice := sorted({key for key in keys if keys.count(key) > 1}):
                raise ValueError(f"there twice: {', '.join(twice)}")
        unknown = {key for one in self.calendars for key in one.holidays} - set(lists)
        if unknown:
            raise ValueError(f"no such list of holidays: {', '.join(sorted(unknown))}")
        return self


def load_calendars(programme: Path) -> dict[str, BusinessCalendar]:
    """The calendars of the folder `programme`, by key; raises `ProgrammeError`."""
    file = load_yaml(programme / FILE, CalendarsFile)
    lists = {one.key: one.days for one in file.holidays}
    return {
        one.key: BusinessCalendar(
            ZoneInfo(one.time_zone), one.hours.hours, holidays=AnyOf(tuple(lists[key] for key in one.holidays))
        )
        for one in file.calendars
    }


def check(programme: Path) -> None:
    """For `kawal check`; raises `ProgrammeError`."""
    load_calendars(programme)


def _hours(written: str) -> Hours:
    opens, _, closes = written.partition("-")
    return _minute(opens), _minute(closes)


def _minute(written: str) -> int:
    hour, _, minute = written.partition(":")
    return min(DAY, int(hour) * 60 + int(minute))
