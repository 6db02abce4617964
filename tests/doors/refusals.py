"""What a clear refusal looks like, and bodies that have to be refused."""

from collections.abc import Collection
from typing import Any

import httpx

from doors.marks import NAME, STORY

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
LIMIT = 64 * 1024

# Each holds a mark, so that it shows when a refusal is logged together with what was refused.
BROKEN_JSON: dict[str, bytes] = {
    "cut": b'{"text": "' + STORY.encode(),
    "no object": f'["{STORY}"]'.encode(),
    "nothing": b"",
    "not UTF-8": b'{"text": "' + STORY.encode() + b'\xff\xfe"}',
    "half a surrogate pair": b'{"text": "' + STORY.encode() + b' \\ud800"}',
    "NUL": b'{"text": "' + STORY.encode() + b' \\u0000"}',
    "deep": b"[" * 30_000,
    "oversize": b'{"text": "' + b"x" * LIMIT + NAME.encode() + b'"}',
}


def assert_problem(response: httpx.Response, *, status: Collection[int] = range(400, 500)) -> dict[str, Any]:
    """A 4xx problem (RFC 9457) with a stable code that does not repeat what was sent."""
    assert response.status_code in status, (response.status_code, response.text[:500])
    assert response.headers["content-type"].partition(";")[0] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["code"]
    assert body["title"]
    assert STORY not in response.text
    return body


def assert_refused_page(response: httpx.Response, *, status: Collection[int] = range(400, 500)) -> None:
    """A 4xx page for people."""
    assert response.status_code in status, (response.status_code, response.text[:500])
    assert response.headers["content-type"].startswith("text/html")
    assert "Traceback" not in response.text
