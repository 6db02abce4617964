"""The whole service, with everything else away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voice_driver import Edge, edge


@pytest.fixture
async def lonely_edge(tmp_path: Path) -> AsyncIterator[Edge]:
    """PostgreSQL, Kafka and ticket-core are away; calls are taken all the same."""
    async with edge(tmp_path) as running:
        yield running
