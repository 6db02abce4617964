"""The real stack's doors, and whether it keeps to itself what it is told."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from doors.marks import MARKS
from kawal.testing.stack import StackProcess

Client = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="module", autouse=True)
async def nothing_personal_is_logged(stack: StackProcess) -> AsyncIterator[None]:
    """Whatever a module sends, good or bad: none of the marks in it may stand in what the stack printed."""
    yield
    said = [mark for mark in MARKS if mark.lower() in stack.output.lower()]
    assert said == []


@pytest.fixture
async def knock(stack: StackProcess) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """`knock("chat-ingest")`: a client of a service that believes nothing and follows nobody."""
    opened: list[httpx.AsyncClient] = []

    def client(service: str) -> httpx.AsyncClient:
        opened.append(httpx.AsyncClient(base_url=stack.url(service), trust_env=False, timeout=20))
        return opened[-1]

    yield client
    for one in opened:
        await one.aclose()


@pytest.fixture
def secrets(stack: StackProcess) -> dict[str, Any]:
    """The stack's keys, to make what is genuine but too old."""
    found: dict[str, Any] = json.loads((stack.state / "secrets.json").read_text(encoding="utf-8"))
    return found
