"""What a newcomer reads when he starts the stack for the first time."""

import re

import pytest

from kawal.testing.stack import StackProcess

pytestmark = pytest.mark.e2e

TOO_EARLY = re.compile(r".*(?:case_numbers_not_leased|group_coordinator|TOPIC_ALREADY_EXISTS).*")


class TestFirstStart:
    def test_nobody_asks_for_what_is_not_there_yet(self, stack: StackProcess) -> None:
        starting, ready, _ = stack.output.partition("Kawal is ready")
        assert ready
        assert TOO_EARLY.findall(starting) == []
