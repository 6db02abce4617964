"""Fixtures of the whole workspace: the real PostgreSQL and the real broker, see `kawal.testing`."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["kawal.testing.plugin"]
ON_THE_STACK = ("tests/doors/", "tests/e2e/")


class _Shares(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """The tests of a file share what it makes, and all tests on the whole stack share one stack."""

    def _split_scope(self, nodeid: str) -> str:
        return "stack" if nodeid.startswith(ON_THE_STACK) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Shares:
    return _Shares(config, log)
