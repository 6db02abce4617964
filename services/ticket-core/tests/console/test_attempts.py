import pytest

from console_factories import EMAIL
from ticket_core.console.attempts import (
    FROM_ALL_PLACES,
    FROM_ONE_PLACE,
    WITHIN_S,
    Attempt,
    Attempts,
    TooManyAttempts,
)

HERE = Attempt(EMAIL, "192.0.2.1")


def used_up(attempts: Attempts, *, place: str) -> None:
    for _ in range(FROM_ONE_PLACE):
        attempts.begin(Attempt(EMAIL, place), now=0.0)


class TestBegin:
    def test_too_many_are_refused_for_a_while(self) -> None:
        attempts = Attempts()
        used_up(attempts, place=HERE.place)
        with pytest.raises(TooManyAttempts):
            attempts.begin(HERE, now=1.0)
        attempts.begin(HERE, now=WITHIN_S + 1.0)

    def test_nobody_else_is_locked_out(self) -> None:
        attempts = Attempts()
        used_up(attempts, place=HERE.place)
        attempts.begin(Attempt("somebody@example.org", HERE.place), now=1.0)
        attempts.begin(Attempt(EMAIL, "192.0.2.2"), now=1.0)

    def test_nor_can_it_go_on_from_ever_more_places(self) -> None:
        attempts = Attempts()
        for place in range(FROM_ALL_PLACES // FROM_ONE_PLACE):
            used_up(attempts, place=f"192.0.2.{place}")
        with pytest.raises(TooManyAttempts):
            attempts.begin(Attempt(EMAIL, "198.51.100.1"), now=0.0)


class TestSucceeded:
    def test_does_not_count(self) -> None:
        attempts = Attempts()
        for _ in range(2 * FROM_ALL_PLACES):
            attempts.begin(HERE, now=0.0)
            attempts.succeeded(HERE)
