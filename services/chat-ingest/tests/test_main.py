"""The service while everything around it is away."""

from pathlib import Path

import httpx
import pytest

from chat_factories import settings
from chat_ingest import main
from kawal.service import running
from kawal.testing import eventually

pytestmark = pytest.mark.integration


class TestReadiness:
    async def test_participants_are_heard_without_kafka_and_postgresql(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(main, "LIVE_WITHIN_S", 0.5)
        async with running(main.service(settings(state=tmp_path))) as address, httpx.AsyncClient() as client:

            async def ready() -> bool:
                return (await client.get(f"{address.operations_url}/readyz")).status_code == 200

            await eventually(ready)
            opened = (await client.post(f"{address.url}/v1/chat/sessions", json={})).json()
            said = await client.post(
                f"{address.url}/v1/chat/messages",
                json={"client_id": "0198f2c0-0000-7000-8000-000000000001", "text": "Halo"},
                headers={"authorization": f"Bearer {opened['session_token']}"},
            )
            assert said.status_code == 202

    async def test_waits_for_the_live_feed_at_first(self, tmp_path: Path) -> None:
        async with running(main.service(settings(state=tmp_path))) as address, httpx.AsyncClient() as client:
            answer = await client.get(f"{address.operations_url}/readyz")
            assert (answer.status_code, list(answer.json()["failing"])) == (503, ["live"])
