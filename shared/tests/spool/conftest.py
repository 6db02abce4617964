from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kawal.spool import Spool
from spool_factories import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "edge.sqlite3"


@pytest.fixture
async def spool(path: Path) -> AsyncIterator[Spool]:
    async with opened(path) as spool:
        yield spool
