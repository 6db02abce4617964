"""What the end of a call means."""

from datetime import timedelta

import pytest

from voice_factories import NOW
from voice_ingest.domain.calls import CallStatus, Delivered, Failed, Outcome, RetryPolicy, TryAgain, outcome

POLICY = RetryPolicy(attempts=3, pause=timedelta(minutes=5))


def meant(status: CallStatus, *, heard: bool = False, attempt: int = 1) -> Outcome:
    return outcome(status, heard=heard, attempt=attempt, policy=POLICY, now=NOW)


class TestOutcome:
    def test_heard(self) -> None:
        assert meant(CallStatus.COMPLETED, heard=True) == Delivered()

    def test_hung_up_too_early(self) -> None:
        assert meant(CallStatus.COMPLETED) == TryAgain(NOW + timedelta(minutes=5))

    @pytest.mark.parametrize("status", [CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.FAILED])
    def test_tries_again(self, status: CallStatus) -> None:
        assert isinstance(meant(status, attempt=2), TryAgain)

    def test_gives_up(self) -> None:
        assert meant(CallStatus.NO_ANSWER, attempt=3) == Failed("no_answer")
