import asyncio

import pytest

from kawal.testing import eventually


class TestEventually:
    async def test_returns_the_first_true_result(self):
        answers = iter([0, None, "third"])
        assert await eventually(lambda: next(answers), interval=0) == "third"

    async def test_awaits_an_asynchronous_condition(self):
        async def condition():
            await asyncio.sleep(0)
            return 7

        assert await eventually(condition) == 7

    async def test_a_failed_assertion_is_not_yet(self):
        attempts = []

        def condition():
            attempts.append(1)
            assert len(attempts) > 2
            return True

        assert await eventually(condition, interval=0)

    async def test_says_the_last_result_when_time_is_up(self):
        with pytest.raises(AssertionError, match="last result was 0"):
            await eventually(lambda: 0, timeout=0.01)

    async def test_other_errors_pass_through(self):
        with pytest.raises(KeyError):
            await eventually(lambda: {}["missing"])
