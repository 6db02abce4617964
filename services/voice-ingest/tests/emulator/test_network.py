"""The emulated provider: what its phones may do, and what outlives a restart."""

from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from voice_driver import Edge, edge
from voice_factories import ACCOUNT, AUTH_TOKEN, CALLER, HOTLINE
from voice_ingest.adapters.twilio.rest import TwilioRest, client
from voice_ingest.domain.calls import CallStatus
from voice_ingest.emulator import switchboard, verbs
from voice_ingest.emulator.client import beep
from voice_ingest.emulator.verbs import InvalidTwiml

pytestmark = pytest.mark.integration


def socket_url(edge: Edge, number: str) -> str:
    return f"{edge.url.replace('http', 'ws', 1)}/phone/ws?number={number.replace('+', '%2B')}"


class TestPhones:
    async def test_two_numbers_at_once(self, lonely_edge: Edge) -> None:
        async with lonely_edge.phone() as first, lonely_edge.phone("+6281234567891") as second:
            await first.call()
            await second.call()
            await first.press("1")
            await second.press("2")
            await first.hear("Apa yang bisa kami bantu")
            await second.hear("What can we help you with")

    async def test_texts_wait_for_the_phone(self, lonely_edge: Edge) -> None:
        async with client(api_url=lonely_edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
            rest = TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)
            await rest.send_text(to=CALLER, text="Halo")
        async with lonely_edge.phone() as late:
            assert await late.text() == "Halo"

    async def test_rings_on_a_phone_that_is_opened_later(self, lonely_edge: Edge) -> None:
        async with client(api_url=lonely_edge.url, account_sid=ACCOUNT, auth_token=AUTH_TOKEN) as http:
            rest = TwilioRest(http, account_sid=ACCOUNT, number=HOTLINE)
            call_id = await rest.place(
                to=CALLER, answer_url=f"{lonely_edge.url}/v1/voice/twilio/incoming", status_url=""
            )
            async with lonely_edge.phone() as late:
                await late.wait_for_ring()
                assert await rest.status(call_id) is CallStatus.RINGING
                await late.answer()
                await late.hear("Selamat datang")
                assert await rest.status(call_id) is CallStatus.IN_PROGRESS

    async def test_call_outlives_a_restart(self, tmp_path: Path) -> None:
        """Provider and hotline die in mid-call; the phone finds the call where it stood."""
        async with edge(tmp_path) as before:
            url = before.url
            async with before.phone() as caller:
                await caller.call()
                for key in "111#":
                    await caller.press(key)
                await caller.hear("pesan suara")
        async with edge(tmp_path, voice_public_url=url, twilio_api_url=url) as after, after.phone() as caller:
            await caller.hear("pesan suara")
            await caller.press("1")
            await caller.record(beep())
            await caller.hear("Nomor laporan Anda")

    @pytest.mark.parametrize("number", ["", "nobody", "12", "+1"])
    async def test_number_that_is_none(self, lonely_edge: Edge, number: str) -> None:
        with pytest.raises(InvalidStatus):
            async with connect(socket_url(lonely_edge, number)):
                raise AssertionError("it was let in")

    async def test_one_too_many(self, lonely_edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(switchboard, "MAX_PHONES", 1)
        async with connect(socket_url(lonely_edge, CALLER)) as only:
            await only.recv()
            with pytest.raises(InvalidStatus):
                async with connect(socket_url(lonely_edge, "+6281234567891")):
                    raise AssertionError("it was let in")
            async with connect(socket_url(lonely_edge, CALLER)) as again:
                await again.recv()

    async def test_foreign_page(self, lonely_edge: Edge) -> None:
        with pytest.raises(InvalidStatus):
            async with connect(socket_url(lonely_edge, CALLER), additional_headers={"Origin": "https://evil.example"}):
                raise AssertionError("it was let in")

    @pytest.mark.parametrize("frame", ["", "{", "[]", '{"type": "key", "digit": "A"}', '{"type": "sing"}'])
    async def test_frame_that_cannot_be_read(self, lonely_edge: Edge, frame: str) -> None:
        async with connect(socket_url(lonely_edge, CALLER)) as socket:
            await socket.recv()
            await socket.send(frame)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1007


class TestVerbs:
    @pytest.mark.parametrize("document", [b"", b"<Response>", b"<Say/>", b"<Response><Dial/></Response>"])
    def test_what_twilio_would_call_an_application_error(self, document: bytes) -> None:
        with pytest.raises(InvalidTwiml):
            verbs.parse(document, base_url="http://127.0.0.1")

    def test_relative_addresses(self) -> None:
        document = b"<Response><Redirect>/next</Redirect></Response>"
        assert verbs.parse(document, base_url="http://127.0.0.1/x") == [verbs.Redirect("http://127.0.0.1/next")]
