"""An agent who is signed in, as a browser would be."""

from collections.abc import AsyncIterator

import httpx
import pytest

from console_factories import EMAIL, PASSWORD, AtDesk
from core_service import Served


@pytest.fixture
async def stranger(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session."""
    async with httpx.AsyncClient(base_url=served.url, headers={"sec-fetch-site": "same-origin"}) as browser:
        yield browser


@pytest.fixture
async def desk(served: Served, stranger: httpx.AsyncClient) -> AtDesk:
    agent_id = await served.desk.agents.put(email=EMAIL, name="Dewi Lestari", password=PASSWORD)
    answer = await stranger.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 303
    return AtDesk(stranger, agent_id)
