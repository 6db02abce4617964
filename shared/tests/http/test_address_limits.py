from ipaddress import ip_network

import httpx
import pytest
from fastapi import Request

from http_factories import SETTINGS
from kawal.http import create_app
from kawal.http.address_limits import AddressLimit, TooManyRequests
from kawal.observability import metrics
from kawal.rates import REMEMBERED_KEYS, Rate
from kawal.settings import ServiceSettings

RATE = Rate(per_s=0.1, burst=2)


def scope(host):
    return {"type": "http", "client": (host, 1)}


def refused(limit, host):
    try:
        limit.take(scope(host))
    except TooManyRequests:
        return True
    return False


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class TestTake:
    def test_each_address_has_its_own(self):
        limit = AddressLimit("chat_sessions", RATE, clock=Clock())
        assert [refused(limit, "198.51.100.1") for _ in range(3)] == [False, False, True]
        assert not refused(limit, "198.51.100.2")

    def test_tells_when_to_come_again(self):
        clock = Clock()
        limit = AddressLimit("chat_sessions", RATE, clock=clock)
        assert [refused(limit, "198.51.100.1") for _ in range(2)] == [False, False]
        with pytest.raises(TooManyRequests) as told:
            limit.take(scope("198.51.100.1"))
        assert told.value.retry_after_s == 10
        clock.now = told.value.retry_after_s
        assert not refused(limit, "198.51.100.1")

    def test_one_ipv6_line_is_one_client(self):
        limit = AddressLimit("chat_sessions", RATE, clock=Clock())
        assert [refused(limit, f"2001:db8::{n}") for n in range(3)] == [False, False, True]

    @pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
    def test_not_from_unlimited_networks(self, host):
        limit = AddressLimit("chat_sessions", RATE, unlimited=(ip_network("127.0.0.0/8"),), clock=Clock())
        assert not any(refused(limit, host) for _ in range(10))
        assert [refused(limit, "198.51.100.1") for _ in range(3)] == [False, False, True]

    def test_counts_refusals_by_door_only(self):
        before = metrics.HTTP_LIMITED.labels("form_posts")._value.get()
        limit = AddressLimit("form_posts", RATE, clock=Clock())
        assert sum(refused(limit, "198.51.100.1") for _ in range(5)) == 3
        assert metrics.HTTP_LIMITED.labels("form_posts")._value.get() == before + 3

    def test_memory_is_bounded(self):
        limit = AddressLimit("chat_sessions", RATE, clock=Clock())
        for number in range(REMEMBERED_KEYS + 100):
            limit.take(scope(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
        assert len(limit._buckets._buckets) == REMEMBERED_KEYS

    def test_what_is_given_back_does_not_count(self):
        limit = AddressLimit("wrong_links", RATE, clock=Clock())
        for _ in range(5):
            assert not refused(limit, "198.51.100.1")
            limit.give_back(scope("198.51.100.1"))


class TestBehindProxies:
    async def test_the_participant_is_limited_and_not_the_proxy(self):
        settings = ServiceSettings(**SETTINGS.model_dump() | {"trusted_proxies": "127.0.0.0/8"})
        app = create_app(title="Test", settings=settings)
        limit = AddressLimit("form_posts", RATE, clock=Clock())

        @app.get("/limited")
        async def limited(request: Request) -> None:
            limit.take(request.scope)

        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

            async def asked(address):
                return await client.get("/limited", headers={"x-forwarded-for": f"192.0.2.1, {address}"})

            answers = [await asked("198.51.100.1") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert answers[-1].headers["retry-after"] == "10"
            assert answers[-1].json()["code"] == "too_many_requests"
            assert (await asked("198.51.100.2")).status_code == 200


class TestSettings:
    def test_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("KAWAL_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
        chosen = ServiceSettings(postgres_dsn="postgresql://nowhere", kafka="nowhere:1")
        assert chosen.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

    @pytest.mark.parametrize("written", ["1", "proxy.example", "10.0.0.1/8"])
    def test_what_is_no_network(self, monkeypatch, written):
        monkeypatch.setenv("KAWAL_TRUSTED_PROXIES", written)
        with pytest.raises(ValueError, match="trusted_proxies"):
            ServiceSettings(postgres_dsn="postgresql://nowhere", kafka="nowhere:1")
