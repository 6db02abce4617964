"""Bounds how often passwords can be tried out.

Each attempt is counted before its password is looked at: many at the same moment are not more than many in a row.
How many of all agents together may come from one place is the `AddressLimit` of the page; what attempts cost is bounded
where passwords are hashed (`adapters/passwords.py`).
"""

from dataclasses import dataclass

from kawal.errors import KawalError
from kawal.rates import Buckets, Rate

WITHIN_S = 300
FROM_ONE_PLACE = 10
FROM_ALL_PLACES = 100
"""More than from one place, so that whoever knows an agent's address cannot simply lock him out."""


class TooManyAttempts(KawalError):
    status, code, title = 429, "too_many_attempts", "Too many attempts"
    retry_after_s = WITHIN_S // FROM_ONE_PLACE


@dataclass(frozen=True, slots=True)
class Attempt:
    """To sign in with `email`, in lower case, from `place`, see `kawal.http.addresses.line_of`."""

    email: str
    place: str


class Attempts:
    def __init__(self) -> None:
        self._one_place = Buckets(_rate(FROM_ONE_PLACE))
        self._all_places = Buckets(_rate(FROM_ALL_PLACES))

    def begin(self, attempt: Attempt, *, now: float) -> None:
        """Count an attempt.

        Raises:
            TooManyAttempts: the password must not even be looked at.
        """
        here = self._one_place.take(f"{attempt.place} {attempt.email}", now=now)
        if not here or not self._all_places.take(attempt.email, now=now):
            raise TooManyAttempts("Wait a moment")

    def succeeded(self, attempt: Attempt) -> None:
        """It was the right password: this attempt does not count."""
        self._one_place.give_back(f"{attempt.place} {attempt.email}")
        self._all_places.give_back(attempt.email)


def _rate(attempts: int) -> Rate:
    return Rate(per_s=attempts / WITHIN_S, burst=attempts)
