"""The real service on free ports."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from web_driver import NUMBERS, Mailbox, create_topics, mailbox, serving, settings, with_case_numbers


@pytest.fixture(scope="module")
async def doors_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.URL]:
    """A service whose database, broker, mail server and ticket-core are all away; one for a module."""
    state = tmp_path_factory.mktemp("web")
    away = settings(state=state, postgres_dsn="postgresql://nobody@127.0.0.1:9/none", kafka="127.0.0.1:9")
    async with serving(away) as client:
        yield client.base_url


@pytest.fixture
async def doors(doors_url: httpx.URL) -> AsyncIterator[httpx.AsyncClient]:
    """A client, without cookies, of the service behind which everything is away."""
    async with httpx.AsyncClient(base_url=doors_url, timeout=30) as client:
        yield client


@pytest.fixture
async def mail() -> AsyncIterator[Mailbox]:
    async with mailbox() as box:
        yield box


@pytest.fixture
async def outbound_topic(topic_name: Callable[..., str], kafka_bootstrap: str) -> str:
    """A topic of this test only, in the place of `kawal.outbound.web.v1`; the others exist, too."""
    topic = topic_name("outbound-web", partitions=2)
    await create_topics(kafka_bootstrap, outbound_topic=topic)
    return topic


@pytest.fixture
async def web(
    tmp_path: Path, database: Callable[..., str], kafka_bootstrap: str, outbound_topic: str, mail: Mailbox
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service with a database, a topic and a mailbox of its own; ticket-core and chat are away."""
    chosen = settings(state=tmp_path, postgres_dsn=database("webform-ingest"), kafka=kafka_bootstrap, smtp_url=mail.url)
    await with_case_numbers(chosen, NUMBERS)
    async with serving(chosen, outbound_topic=outbound_topic) as client:
        yield client
