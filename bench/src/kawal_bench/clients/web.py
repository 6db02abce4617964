"""A participant at the web form and its status page."""

from typing import Any

import httpx
import uuid_utils


async def submit(
    client: httpx.AsyncClient, form: str, answers: dict[str, Any], *, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Send a form by its API; the answer has `reference` and `status_url`."""
    key = idempotency_key or str(uuid_utils.uuid7())
    response = await client.post(f"/v1/forms/{form}/submissions", json=answers, headers={"Idempotency-Key": key})
    response.raise_for_status()
    body: dict[str, Any] = response.json()
    return body
