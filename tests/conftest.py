"""The whole stack for end-to-end and chaos tests: one real `kawal up` per run, nothing of the developer's own."""

import tempfile
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from kawal.testing.stack import StackProcess

LOG_TAIL = 30_000
# What production leaves minutes for: a call that failed is tried again soon.
SETTINGS = {"KAWAL_VOICE_RETRY_S": "2", "KAWAL_VOICE_ASK_AFTER_S": "5", "KAWAL_VOICE_CHECK_EVERY_S": "5"}
RUNNING = pytest.StashKey[StackProcess]()


@pytest.fixture(scope="session")
async def stack(request: pytest.FixtureRequest) -> AsyncIterator[StackProcess]:
    """A running stack, ready; `stack.facts` is its `run.json`. Ended within fifteen seconds, or the run fails."""
    with tempfile.TemporaryDirectory(prefix="kawal-stack-") as directory:
        # Not under pytest's own folder: the account that PostgreSQL runs as may not walk through that.
        running = StackProcess(Path(directory) / "state", directory=Path(__file__).parent.parent, settings=SETTINGS)
        request.session.stash[RUNNING] = running
        try:
            await running.start()
            yield running
        finally:
            code = running.stop()
        assert code == 0, running.output[-LOG_TAIL:]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the stack printed beside each failure of a test that uses it."""
    report = yield
    running = item.session.stash.get(RUNNING, None)
    if report.failed and running is not None and "stack" in getattr(item, "fixturenames", ()):
        report.sections.append(("kawal up", running.output[-LOG_TAIL:]))
    return report
