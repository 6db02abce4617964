import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from console_factories import EMAIL, PASSWORD, AtDesk
from core_service import PATIENCE_S, Served, serving, settings

pytestmark = pytest.mark.integration


def behind_proxy(addresses: str) -> dict[str, str]:
    return {"x-forwarded-for": addresses, "sec-fetch-site": "same-origin"}


class TestSignIn:
    async def test_right_password_opens_the_desk(self, desk: AtDesk) -> None:
        assert (await desk.browser.get("/console/")).status_code == 200

    async def test_cookie_is_out_of_reach_of_scripts_and_other_sites(
        self, served: Served, stranger: httpx.AsyncClient
    ) -> None:
        await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
        answer = await stranger.post("/console/sign-in", data={"email": EMAIL, "password": PASSWORD})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    @pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@example.org", PASSWORD)])
    async def test_wrong_ones_look_the_same(
        self, served: Served, stranger: httpx.AsyncClient, email: str, password: str
    ) -> None:
        await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
        answer = await stranger.post("/console/sign-in", data={"email": email, "password": password})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert "tidak cocok" in answer.text

    async def test_a_stranger_is_taken_to_the_door_and_back(self, desk: AtDesk, served: Served) -> None:
        async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE_S) as browser:
            answer = await browser.get("/console/?place=mine")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2F%3Fplace%3Dmine"

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/console//evil.example", "/x"])
    async def test_nobody_is_sent_to_another_site(
        self, served: Served, stranger: httpx.AsyncClient, elsewhere: str
    ) -> None:
        await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
        form = {"email": EMAIL, "password": PASSWORD, "next": elsewhere}
        assert (await stranger.post("/console/sign-in", data=form)).headers["location"] == "/console/"

    async def test_another_sites_page_cannot_sign_in(self, stranger: httpx.AsyncClient) -> None:
        form = {"email": EMAIL, "password": PASSWORD}
        answer = await stranger.post("/console/sign-in", data=form, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403

    async def test_after_signing_out_the_session_is_over(self, desk: AtDesk) -> None:
        token = desk.browser.cookies["kawal_session"]
        await desk.browser.post("/console/sign-out")
        answer = await desk.browser.get("/console/", headers={"cookie": f"kawal_session={token}"})
        assert answer.status_code == 303

    async def test_with_another_password_old_sessions_are_over(self, desk: AtDesk, served: Served) -> None:
        await served.desk.agents.put(email=EMAIL, name="Dewi", password="another password")
        assert (await desk.browser.get("/console/")).status_code == 303

    async def test_behind_https_the_cookie_stays_there(self, served: Served, stranger: httpx.AsyncClient) -> None:
        await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
        form = {"email": EMAIL, "password": PASSWORD}
        answer = await stranger.post("/console/sign-in", data=form, headers={"x-forwarded-proto": "https"})
        assert "secure" in answer.headers["set-cookie"].lower()

    async def test_too_many_at_the_same_moment_are_told_so(self, served: Served, stranger: httpx.AsyncClient) -> None:
        form = {"email": EMAIL, "password": "wrong"}
        answers = await asyncio.gather(*(stranger.post("/console/sign-in", data=form, timeout=60) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 2
        (refused, *_) = (answer for answer in answers if answer.status_code == 429)
        assert "Terlalu sering dicoba" in refused.text
        assert int(refused.headers["retry-after"]) > 0

    async def test_one_place_tries_many_agents(self, engine: AsyncEngine, dsn: str, tmp_path: Path) -> None:
        chosen = settings(dsn=dsn, state=tmp_path, trusted_proxies="127.0.0.0/8", wrong_passwords_per_address="3/3600")
        async with serving(engine, chosen) as served:
            await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
            here, elsewhere = behind_proxy("198.51.100.1"), behind_proxy("198.51.100.2")

            async def tried(email: str, password: str, headers: dict[str, str]) -> int:
                form = {"email": email, "password": password}
                return (await served.anyone.post("/console/sign-in", data=form, headers=headers)).status_code

            assert {await tried(EMAIL, PASSWORD, here) for _ in range(4)} == {303}
            assert [await tried(f"{n}@example.org", "wrong", here) for n in range(4)] == [401, 401, 401, 429]
            assert await tried(EMAIL, PASSWORD, here) == 429
            assert await tried(EMAIL, PASSWORD, elsewhere) == 303

    async def test_one_behind_the_proxy_locks_out_no_other(self, engine: AsyncEngine, dsn: str, tmp_path: Path) -> None:
        async with serving(engine, settings(dsn=dsn, state=tmp_path, trusted_proxies="127.0.0.0/8")) as served:
            await served.desk.agents.put(email=EMAIL, name="Dewi", password=PASSWORD)
            url, wrong = "/console/sign-in", {"email": EMAIL, "password": "wrong"}
            attacker, agent = behind_proxy("192.0.2.66, 198.51.100.1"), behind_proxy("198.51.100.2")
            tries = [(await served.anyone.post(url, data=wrong, headers=attacker)).status_code for _ in range(11)]
            assert tries == [401] * 10 + [429]
            right = {"email": EMAIL, "password": PASSWORD}
            assert (await served.anyone.post(url, data=right, headers=agent)).status_code == 303

    async def test_what_was_posted_without_a_session_leads_back_to_its_page(self, stranger: httpx.AsyncClient) -> None:
        page = {"referer": "http://x/console/cases/1234567890"}
        answer = await stranger.post("/console/cases/1234567890/resolve", headers=page)
        assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fcases%2F1234567890"

    async def test_a_part_without_a_session_leads_to_the_door_and_back(self, stranger: httpx.AsyncClient) -> None:
        headers = {"hx-request": "true", "hx-current-url": "http://x/console/?place=mine"}
        answer = await stranger.get("/console/list", headers=headers)
        assert answer.headers["hx-redirect"] == "/console/sign-in?next=%2Fconsole%2F%3Fplace%3Dmine"
