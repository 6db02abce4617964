"""The broker was away for so long that no more may wait: nothing is accepted, and everybody is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from kawal import links
from web_driver import serving, settings
from web_factories import CONVERSATION, LINK_KEY

ANSWERS = {"topic": "incentive.not_paid", "message": "Insentif saya belum masuk"}
STATUS = f"/status/{links.status_token(CONVERSATION, key=LINK_KEY)}"


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    away = settings(
        state=tmp_path,
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
        kafka="127.0.0.1:9",
        spool_max_rows=1,
    )
    async with serving(away) as client:
        last = await client.post(
            "/v1/forms/complaint/submissions", json=ANSWERS, headers={"idempotency-key": "the-last-one"}
        )
        assert last.status_code == 202
        yield client


class TestFullSpool:
    async def test_submission_by_program(self, full: httpx.AsyncClient) -> None:
        response = await full.post(
            "/v1/forms/complaint/submissions", json=ANSWERS, headers={"idempotency-key": "one-too-many"}
        )
        assert (response.status_code, response.json()["code"]) == (503, "spool_full")
        assert int(response.headers["retry-after"]) > 0

    @pytest.mark.parametrize(("path", "box"), [("/forms/complaint", "message"), (STATUS, "message")])
    async def test_page_keeps_what_is_typed(self, full: httpx.AsyncClient, path: str, box: str) -> None:
        typed = {"idempotency_key": "a-hidden-key", box: "Tulisan saya"}
        response = await full.post(path, data=ANSWERS | typed if path.startswith("/forms") else typed)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert "Tulisan saya</textarea>" in response.text
        assert 'value="a-hidden-key"' in response.text
        assert "Kami sedang sangat sibuk" in response.text
