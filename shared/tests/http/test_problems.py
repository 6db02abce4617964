import pytest

JSON = {"content-type": "application/json"}


class TestProblems:
    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("/busy", 503, "busy"),
            ("/refused", 403, "forbidden"),
            ("/broken", 500, "internal_error"),
            ("/away", 503, "unavailable"),
            ("/transient", 503, "unavailable"),
            ("/nowhere", 404, "not_found"),
            ("/form", 405, "method_not_allowed"),
        ],
    )
    async def test_error(self, client, path, status, code):
        answer = await client.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json() | {"status": status, "code": code} == answer.json()

    async def test_retry_after(self, client):
        assert (await client.get("/busy")).headers["retry-after"] == "7"
        assert "retry-after" in (await client.get("/away")).headers

    async def test_allowed_methods(self, client):
        assert (await client.get("/form")).headers["allow"] == "POST"

    async def test_unexpected_error_tells_no_internals(self, client):
        assert "secret" not in (await client.get("/broken")).text

    async def test_trace_id_leads_to_the_log(self, client):
        parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        answer = await client.get("/nowhere", headers={"traceparent": parent})
        assert answer.json()["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


class TestInvalidRequests:
    async def test_malformed_json(self, client):
        answer = await client.post("/v1/echo/t", content=b'{"text":', headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")

    async def test_fields_are_named_and_values_are_not(self, client):
        answer = await client.post("/v1/echo/t", json={"text": "x", "name": "Siti Rahma who lives in Jakarta"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert [(one["in"], one["field"]) for one in answer.json()["errors"]] == [("body", "name")]
        assert "Siti" not in answer.text

    @pytest.mark.parametrize("key", ["siti@example.com", "3174 0000 0000 0001", "<script>"])
    async def test_made_up_keys_are_not_repeated(self, client, key):
        answer = await client.post("/v1/echo/t", json={"text": "x", key: 1})
        assert answer.status_code == 422
        assert key not in answer.text

    async def test_not_json_at_all(self, client):
        answer = await client.post("/v1/echo/t", content=b"hello", headers={"content-type": "text/plain"})
        assert answer.status_code == 422
        assert "hello" not in answer.text
