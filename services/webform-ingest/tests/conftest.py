"""The real service on free ports."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from web_driver import serving, settings


@pytest.fixture(scope="session")
async def doors_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.URL]:
    """A service whose database, broker, mail server and ticket-core are all away; one for the whole run."""
    state = tmp_path_factory.mktemp("web")
    away = settings(state=state, postgres_dsn="postgresql://nobody@127.0.0.1:9/none", kafka="127.0.0.1:9")
    async with serving(away) as client:
        yield client.base_url


@pytest.fixture
async def doors(doors_url: httpx.URL) -> AsyncIterator[httpx.AsyncClient]:
    """A client, without cookies, of the service behind which everything is away."""
    async with httpx.AsyncClient(base_url=doors_url) as client:
        yield client


@pytest.fixture
async def web(tmp_path: Path, database: Callable[..., str], kafka_bootstrap: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with a database of its own; ticket-core, chat and mail are away."""
    chosen = settings(state=tmp_path, postgres_dsn=database("webform-ingest"), kafka=kafka_bootstrap)
    async with serving(chosen) as client:
        yield client
