from datetime import timedelta

import pytest

from core_factories import NOW
from ticket_core.domain.presence import Attendance, Presence, SignOfLife, absent_since, presence

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


class TestAbsentSince:
    def test_never_while_available(self) -> None:
        assert absent_since(sign(Presence.AVAILABLE, seen_s_ago=30), attendance=ATTENDANCE, now=NOW) is None

    def test_the_last_sign_of_life_when_the_screen_went(self) -> None:
        gone = sign(Presence.AVAILABLE, seen_s_ago=300)
        assert absent_since(gone, attendance=ATTENDANCE, now=NOW) == gone.seen_at

    def test_when_he_chose_so(self) -> None:
        chose = sign(Presence.AWAY, seen_s_ago=0)
        assert absent_since(chose, attendance=ATTENDANCE, now=NOW) == chose.chosen_at
