"""An agent, over the REST API and the event stream."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import uuid_utils
from httpx_sse import aconnect_sse

Item = dict[str, Any]


class AgentClient:
    """`client` has ticket-core's base URL and the bearer token set."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def cases(self, **filters: str) -> AsyncIterator[Item]:
        """Every case that matches, page by page."""
        cursor: str | None = None
        while True:
            query = filters | ({"cursor": cursor} if cursor else {})
            page = await self._get("/v1/cases", params=query)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def case(self, number: str) -> Item:
        return await self._get(f"/v1/cases/{number}")

    async def participant(self, participant_id: str) -> Item:
        return await self._get(f"/v1/participants/{participant_id}")

    async def timeline(self, number: str, *, after: int = 0) -> list[Item]:
        """All entries of a case behind `after`."""
        items: list[Item] = []
        while True:
            page = await self._get(f"/v1/cases/{number}/timeline", params={"after": str(after)})
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            after = items[-1]["seq"]

    async def reply(
        self, number: str, text: str, *, conversation_id: str | None = None, key: str | None = None
    ) -> Item:
        body = {"text": text} | ({"conversation_id": conversation_id} if conversation_id else {})
        return await self._post(f"/v1/cases/{number}/replies", json=body, key=key)

    async def resolve(self, number: str) -> Item:
        return await self._post(f"/v1/cases/{number}/resolve", json={})

    async def events(self, *, last_event_id: str | None = None) -> AsyncIterator[tuple[str, Item]]:
        """The live stream: pairs of event id and data."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        async with aconnect_sse(
            self._client, "GET", "/v1/events", headers=headers, timeout=httpx.Timeout(10, read=60)
        ) as stream:
            async for event in stream.aiter_sse():
                if event.data:
                    yield event.id, json.loads(event.data)

    async def _get(self, path: str, *, params: dict[str, str] | None = None) -> Item:
        response = await self._client.get(path, params=params)
        response.raise_for_status()
        body: Item = response.json()
        return body

    async def _post(self, path: str, *, json: Item, key: str | None = None) -> Item:
        headers = {"Idempotency-Key": key or str(uuid_utils.uuid7())}
        response = await self._client.post(path, json=json, headers=headers)
        response.raise_for_status()
        body: Item = response.json() if response.content else {}
        return body
