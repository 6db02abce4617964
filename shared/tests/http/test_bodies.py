import pytest

from http_factories import client_of, make_app
from kawal.http.bodies import NotText, check_json, check_quoted

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class TestBodyGate:
    async def test_declared_too_large(self):
        async with client_of(make_app(body_limit=10)) as client:
            answer = await client.post("/v1/echo/t", content=b"x" * 11, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")

    async def test_declared_too_large_is_not_read(self):
        """The answer comes before the body: nothing may be received."""
        sent = []

        async def receive():
            raise AssertionError("the body was read")

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/echo/t",
            "query_string": b"",
            "headers": [(b"content-length", b"1000000")],
        }
        await make_app()(scope, receive, send)
        assert sent[0]["status"] == 413

    async def test_turns_out_too_large(self):
        async def chunks():
            for _ in range(3):
                yield b"xxxx"

        async with client_of(make_app(body_limit=10)) as client:
            answer = await client.post("/v1/echo/t", content=chunks(), headers=JSON)
        assert answer.status_code == 413

    async def test_in_pieces(self, client):
        async def chunks():
            yield b'{"text":'
            yield b'"whole"}'

        answer = await client.post("/v1/echo/t", content=chunks(), headers=JSON)
        assert answer.json()["text"] == "whole"

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            (b'{"text": "\xff"}', JSON),
            (rb'{"text": "\ud800"}', JSON),
            (rb'{"text": "\u0000"}', JSON),
            (b"text=%ff", FORM),
            (b"text=%00", FORM),
            (b"text=\xff", FORM),
            (rb'{"text": "\u0000"}', {"content-type": "Application/JSON"}),
            (b"text=%00", {"content-type": "Application/X-WWW-Form-URLencoded; charset=utf-8"}),
            (b"text=%00", [*FORM.items(), ("content-type", "text/plain")]),
            (rb'{"text": "\u0000"}', [*JSON.items(), ("content-type", "text/plain")]),
        ],
    )
    async def test_not_text(self, client, body, headers):
        answer = await client.post("/v1/echo/t", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_encoding")

    @pytest.mark.parametrize("path", ["/v1/echo/%ff", "/nowhere?q=%ff", "/nowhere?q=%00"])
    async def test_address_is_not_text(self, client, path):
        assert (await client.get(path)).json()["code"] == "invalid_encoding"

    @pytest.mark.parametrize("media_type", ["multipart/form-data", "Multipart/Form-Data"])
    async def test_in_several_parts(self, client, media_type):
        """Their text would be decoded with replacements, and their files lie on the disk."""
        part = b'--x\r\ncontent-disposition: form-data; name="text"\r\n\r\n\xff\x00\r\n--x--\r\n'
        answer = await client.post("/form", content=part, headers={"content-type": f"{media_type}; boundary=x"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    async def test_form(self, client):
        answer = await client.post("/form", data={"text": "Insentif belum cair, sudah 2 minggu… tolong"})
        assert answer.json() == {"text": "Insentif belum cair, sudah 2 minggu… tolong"}


class TestCheckJson:
    @pytest.mark.parametrize(
        "text", [rb'"\ud83d\ude00"', rb'"\\ud800"', rb'"\\u0000"', rb'"\n\u00e9"', b'"\\\\\\u0041"']
    )
    def test_text(self, text):
        check_json(text)

    @pytest.mark.parametrize(
        "text", [rb'"\ud83d"', rb'"\ude00\ud83d"', rb'"\\\ud800"', rb'"\u0000"', rb'"\ud83dx\ude00"']
    )
    def test_halves_of_characters(self, text):
        with pytest.raises(NotText):
            check_json(text)


class TestCheckQuoted:
    @pytest.mark.parametrize("text", [b"", b"a=b", b"a=%C3%A9", b"100%", b"a=%zz"])
    def test_text(self, text):
        check_quoted(text)

    @pytest.mark.parametrize("text", [b"%C3", b"%00", b"\xc3"])
    def test_not_text(self, text):
        with pytest.raises(NotText):
            check_quoted(text)
