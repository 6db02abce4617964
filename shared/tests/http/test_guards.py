import pytest

from http_factories import TOKEN


class TestBearer:
    async def test_right_token(self, client):
        answer = await client.get("/guarded", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer wrong", f"Bearer {TOKEN}x"]
    )
    async def test_anything_else(self, client, header):
        answer = await client.get("/guarded", headers={"authorization": header} if header is not None else {})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


class TestIdempotencyKey:
    @pytest.mark.parametrize("key", ["0190a5b2-7c3e-7d11-9f00-1234567890ab", '"quoted-key"', "a" * 128])
    async def test_valid(self, client, key):
        answer = await client.post("/submit", headers={"idempotency-key": key})
        assert answer.json() == key.strip('"')

    @pytest.mark.parametrize("key", ["short", "a" * 129, "with space", "siti@example.com", "ünïcödé!!".encode()])
    async def test_invalid(self, client, key):
        answer = await client.post("/submit", headers={"idempotency-key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")

    async def test_missing(self, client):
        answer = await client.post("/submit")
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")

    async def test_twice(self, client):
        answer = await client.post(
            "/submit", headers=[("idempotency-key", "first-key"), ("idempotency-key", "second-key")]
        )
        assert answer.json()["code"] == "idempotency_key_invalid"
