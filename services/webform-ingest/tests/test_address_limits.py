"""What one address may do, with nothing but the spool at hand."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from kawal import links
from web_driver import NUMBERS, serving, settings, with_case_numbers
from web_factories import CONVERSATION, LINK_KEY

ANSWERS = {"topic": "incentive.not_paid", "message": "Insentif saya belum masuk"}
TOKEN = links.status_token(CONVERSATION, key=LINK_KEY)
SUBMISSIONS = "/v1/forms/complaint/submissions"
OTHERS = {"x-forwarded-for": "198.51.100.2"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A site that one address may use twice an hour."""
    chosen = settings(
        state=tmp_path,
        postgres_dsn="postgresql://nobody@127.0.0.1:9/none",
        kafka="127.0.0.1:9",
        trusted_proxies="127.0.0.0/8",
        form_posts_per_address="2/3600",
        wrong_links_per_address="2/3600",
    )
    await with_case_numbers(chosen, NUMBERS)
    async with serving(chosen) as client:
        client.headers["x-forwarded-for"] = "198.51.100.1"
        yield client


async def submit(site: httpx.AsyncClient, number: int, **options: dict[str, str]) -> httpx.Response:
    headers = {"idempotency-key": f"submission-{number}", **options.get("headers", {})}
    return await site.post(SUBMISSIONS, json=ANSWERS, headers=headers)


async def use_up(site: httpx.AsyncClient) -> None:
    assert [(await submit(site, number)).status_code for number in range(2)] == [202, 202]


class TestFormPosts:
    async def test_by_programs(self, site: httpx.AsyncClient) -> None:
        await use_up(site)
        refused = await submit(site, 3)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert 0 < int(refused.headers["retry-after"]) <= 1800
        assert (await submit(site, 3, headers=OTHERS)).status_code == 202

    @pytest.mark.parametrize("path", ["/forms/complaint", f"/status/{TOKEN}"])
    async def test_page_keeps_what_is_typed(self, site: httpx.AsyncClient, path: str) -> None:
        await use_up(site)
        typed = {"idempotency_key": "a-hidden-key", "message": "Tulisan saya"}
        refused = await site.post(path, data=ANSWERS | typed if path.startswith("/forms") else typed)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "Tulisan saya</textarea>" in refused.text
        assert 'value="a-hidden-key"' in refused.text

    async def test_messages_by_programs(self, site: httpx.AsyncClient) -> None:
        await use_up(site)
        message = {"json": {"text": "Halo"}, "headers": {"idempotency-key": "message-1"}}
        refused = await site.post(f"/v1/status/{TOKEN}/messages", **message)
        assert refused.status_code == 429

    async def test_looking_is_free(self, site: httpx.AsyncClient) -> None:
        await use_up(site)
        assert {(await site.get("/forms/complaint")).status_code for _ in range(5)} == {200}


class TestWrongLinks:
    @pytest.mark.parametrize(
        "path",
        ["/status/{}", "/v1/status/{}", "/sign-in/{}", "/forms/complaint/received/{}"],
        ids=lambda path: path[1:7],
    )
    async def test_guesses(self, site: httpx.AsyncClient, path: str) -> None:
        answers = [await site.get(path.format(f"guess-{number}")) for number in range(3)]
        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert (await site.get(path.format("guess"), headers=OTHERS)).status_code == 404

    async def test_close_nothing_to_those_behind_the_same_address(self, site: httpx.AsyncClient) -> None:
        answers = [await site.get(f"/status/guess-{number}") for number in range(3)]
        assert answers[-1].status_code == 429
        assert (await site.get(f"/status/{TOKEN}")).status_code == 200

    async def test_right_ones_do_not_count(self, site: httpx.AsyncClient) -> None:
        assert {(await site.get(f"/status/{TOKEN}")).status_code for _ in range(10)} == {200}
