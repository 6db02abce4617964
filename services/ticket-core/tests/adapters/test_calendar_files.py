"""The calendars that come with Kawal, and what their owner can get wrong."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kawal.programme import ProgrammeError
from ticket_core.adapters.calendar_files import HolidayList, check, load_calendars

SHIPPED = Path(__file__).parents[4] / "programme"
HOUR = timedelta(hours=1)


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "programme"))


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def free(**changes: object) -> HolidayList:
    return HolidayList.model_validate({"key": "some", "label": {"id": "Libur", "en": "Free"}} | changes)


class TestLoadCalendars:
    def test_office_hours_of_each_zone(self) -> None:
        calendars = load_calendars(SHIPPED)
        opens = [calendars[f"office_{zone}"].add(utc(11, 22), HOUR) for zone in ("wib", "wita", "wit")]
        assert opens == [utc(11, 23, 2), utc(11, 23, 1), utc(11, 23, 0)]

    def test_closed_at_friday_prayer(self) -> None:
        assert load_calendars(SHIPPED)["office_wib"].between(utc(11, 27, 4), utc(11, 27, 6, 30)) == HOUR

    def test_closed_on_independence_day_and_joint_leave(self) -> None:
        office = load_calendars(SHIPPED)["office_wib"]
        assert office.between(utc(8, 16, 17), utc(8, 17, 17)) == timedelta(0)
        assert office.add(utc(12, 23, 9, 30), HOUR) == utc(12, 28, 1, 30)  # 24 December is joint leave

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("time_zone: Asia/Jakarta", "time_zone: Asia/Jakrta", "calendars.0.time_zone: Value error, no time zone"),
            ("[08:00-17:00]", "[08:00-25:00]", "calendars.0.hours.monday.0: String should match"),
            ("[08:00-17:00]", "[17:00-08:00]", "calendars.0.hours: Value error, opening hours overlap"),
            ("08:00-11:30, 13", "08:00-11:30, 11", "calendars.0.hours: Value error, opening hours overlap"),
            ("monday:", "moday:", "calendars.0.hours.moday: Extra inputs"),
            ("holidays: [national]", "holidays: [nasional]", "no such list of holidays: nasional"),
            ("key: office_wita", "key: office_wib", "there twice: office_wib"),
            ("country: ID", "country: QQ", "does not know the country QQ"),
            ("country: ID", "country: FR", "knows no joint leave of FR"),
            ("# except: [2026-12-24]", "except: [2026-12-23]", "no holiday anyway: 2026-12-23"),
            ("# except: [2026-12-24]", "except: [24 December]", "holidays.0.except.0: Input should be a valid date"),
        ],
    )
    def test_a_mistake_is_named(self, programme: Path, old: str, new: str, said: str) -> None:
        path = programme / "calendars.yaml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(ProgrammeError) as raised:
            check(programme)
        assert said in str(raised.value)


class TestHolidayList:
    def test_without_joint_leave(self) -> None:
        days = free(country="ID").days
        assert date(2026, 12, 25) in days
        assert date(2026, 12, 24) not in days

    def test_of_any_year(self) -> None:
        assert date(2041, 8, 17) in free(country="ID").days

    def test_added_and_excepted(self) -> None:
        days = free(
            country="ID",
            add=[{"on": "2026-12-31", "label": {"id": "Tutup", "en": "Closed"}}],
            **{"except": ["2026-12-25"]},
        ).days
        assert date(2026, 12, 31) in days
        assert date(2026, 12, 25) not in days

    def test_of_no_country(self) -> None:
        assert date(2026, 12, 25) not in free().days
