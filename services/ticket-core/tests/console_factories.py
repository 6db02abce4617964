"""Who sits at the console in tests."""

from dataclasses import dataclass

import httpx

EMAIL, PASSWORD = "dewi@example.org", "a long enough password"


@dataclass(frozen=True, slots=True)
class AtDesk:
    """`browser` keeps the session cookie and sends the headers of our own pages."""

    browser: httpx.AsyncClient
    agent_id: str
