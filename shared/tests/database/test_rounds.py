import asyncio

import pytest

from kawal.database import rounds
from kawal.errors import TransientError


class Rounds:
    """Each round ends as it is told, the last one with an error that nobody expects."""

    def __init__(self, *ends: float | Exception) -> None:
        self._ends = list(ends)
        self.begun_at: list[float] = []

    async def one(self) -> float:
        self.begun_at.append(asyncio.get_running_loop().time())
        end = self._ends.pop(0) if self._ends else ZeroDivisionError()
        if isinstance(end, Exception):
            raise end
        return end


class TestRounds:
    async def test_follow_one_another_until_an_error_that_does_not_pass(self) -> None:
        made = Rounds(0.0, 0.0)
        with pytest.raises(ZeroDivisionError):
            await rounds("test", made.one)
        assert len(made.begun_at) == 3

    @pytest.mark.parametrize(
        "away", [ConnectionRefusedError(), TransientError("away")], ids=lambda one: type(one).__name__
    )
    async def test_go_on_after_an_outage(self, away: Exception) -> None:
        made = Rounds(away, 0.0)
        with pytest.raises(ZeroDivisionError):
            await rounds("test", made.one, after_outage_s=0.0)
        assert len(made.begun_at) == 3

    async def test_rest_as_long_as_the_round_says(self) -> None:
        made = Rounds(0.05)
        with pytest.raises(ZeroDivisionError):
            await rounds("test", made.one)
        begun, again = made.begun_at
        assert again - begun >= 0.05
