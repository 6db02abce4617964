from datetime import timedelta

import pytest

from core_factories import NOW
from ticket_core.domain.presence import Attendance, Presence, SignOfLife, absences, is_abandoned, presence

ATTENDANCE = Attendance(away_after=timedelta(seconds=75), offline_after=timedelta(minutes=15))


def sign(chosen: Presence, *, seen_s_ago: float = 0) -> SignOfLife:
    return SignOfLife(chosen, NOW - timedelta(hours=1), NOW - timedelta(seconds=seen_s_ago))


class TestPresence:
    @pytest.mark.parametrize(
        ("chosen", "seen_s_ago", "now"),
        [
            (Presence.AVAILABLE, 75, Presence.AVAILABLE),
            (Presence.AVAILABLE, 76, Presence.AWAY),
            (Presence.AVAILABLE, 15 * 60, Presence.AWAY),
            (Presence.AVAILABLE, 15 * 60 + 1, Presence.OFFLINE),
            (Presence.AWAY, 0, Presence.AWAY),
            (Presence.AWAY, 15 * 60 + 1, Presence.OFFLINE),
            (Presence.OFFLINE, 0, Presence.OFFLINE),
        ],
    )
    def test_what_was_chosen_as_long_as_there_are_signs_of_life(
        self, chosen: Presence, seen_s_ago: float, now: Presence
    ) -> None:
        assert presence(sign(chosen, seen_s_ago=seen_s_ago), attendance=ATTENDANCE, now=NOW) is now


class TestAbsences:
    def test_none_while_available(self) -> None:
        assert absences(sign(Presence.AVAILABLE, seen_s_ago=30), attendance=ATTENDANCE, now=NOW) == ()

    def test_when_he_said_so_and_when_his_screen_was_closed(self) -> None:
        said = sign(Presence.AWAY, seen_s_ago=0)
        assert absences(said, attendance=ATTENDANCE, now=NOW) == (said.chosen_at,)
        both = sign(Presence.AWAY, seen_s_ago=300)
        assert absences(both, attendance=ATTENDANCE, now=NOW) == (both.chosen_at, both.seen_at + ATTENDANCE.away_after)
        silent = sign(Presence.AVAILABLE, seen_s_ago=300)
        assert absences(silent, attendance=ATTENDANCE, now=NOW) == (silent.seen_at + ATTENDANCE.away_after,)


class TestIsAbandoned:
    @pytest.mark.parametrize(("assigned", "left"), [(10, (5,)), (4, (5, 3.5))])
    def test_when_he_left_after_he_got_it(self, assigned: float, left: tuple[float, ...]) -> None:
        assert abandoned(assigned, *left)

    @pytest.mark.parametrize(("assigned", "left"), [(10, (2,)), (10, ()), (4, (5,))])
    def test_not_within_the_grace_nor_what_he_took_afterwards(self, assigned: float, left: tuple[float, ...]) -> None:
        assert not abandoned(assigned, *left)


def abandoned(assigned: float, *left: float) -> bool:
    """All of it in minutes ago."""
    moments = [NOW - timedelta(minutes=minutes) for minutes in (assigned, *left)]
    return is_abandoned(moments[0], moments[1:], grace=timedelta(minutes=3), now=NOW)
