from collections.abc import AsyncIterator

import httpx
import pytest

from http_factories import client_of, make_app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(make_app()) as made:
        yield made
