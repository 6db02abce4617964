"""Inbound calls through the webhooks, while PostgreSQL, Kafka and ticket-core are away."""

import asyncio
import re
from pathlib import Path

import pytest

from kawal.contracts.interactions import CallbackRequested, VoicemailLeft
from kawal.contracts.words import Assurance, Locale
from kawal.testing import eventually
from kawal.vault import Vault
from voice_driver import Edge, edge, said
from voice_factories import CALL, CALLER
from voice_ingest.domain import machine
from voice_ingest.emulator.client import beep

pytestmark = pytest.mark.integration


class TestIncoming:
    async def test_greets(self, lonely_edge: Edge) -> None:
        twiml = await lonely_edge.twiml("/incoming")
        assert "Selamat datang" in said(twiml)
        assert {say.attrib["language"] for say in twiml.iter("Say")} == {"id-ID", "en-US"}

    async def test_again_is_the_same(self, lonely_edge: Edge) -> None:
        first, second = [await lonely_edge.post("/incoming") for _ in range(2)]
        assert first.content == second.content


class TestInput:
    async def test_keys_lead_on(self, lonely_edge: Edge) -> None:
        assert "What can we help you with?" in said(await lonely_edge.reach("2"))

    async def test_empty_digits_mean_that_nobody_pressed(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("1")
        assert "belum menerima pilihan" in said(await lonely_edge.press(asked, ""))

    async def test_lonely_hash_skips(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("111")
        assert "pesan suara" in said(await lonely_edge.press(asked, "", FinishedOnKey="#"))

    async def test_state_of_another_call(self, lonely_edge: Edge) -> None:
        gather = (await lonely_edge.twiml("/incoming")).find("Gather")
        assert gather is not None
        response = await lonely_edge.post(gather.attrib["action"], CallSid="CA" + "2" * 32, Digits="1")
        assert (response.status_code, response.json()["code"]) == (404, "invalid_link")


class TestCallback:
    async def test_is_spooled_once(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("111#")
        first = await lonely_edge.press(asked, "2")
        again = await lonely_edge.press(asked, "2")
        assert said(first) == said(again)
        ((envelope, event),) = lonely_edge.spooled()
        assert isinstance(event, CallbackRequested)
        assert envelope.id == f"{CALL}/callback"
        assert event.conversation_id == f"voice:{CALL}"
        assert event.topic == "registration.otp_not_received"
        assert event.reference is not None
        assert machine.spell(event.reference) in said(first)

    async def test_caller_id_is_only_claimed(self, lonely_edge: Edge) -> None:
        await lonely_edge.reach("111#2")
        ((_, event),) = lonely_edge.spooled()
        assert [(i.value, i.assurance) for i in event.identities] == [(CALLER, Assurance.CLAIMED)]

    async def test_delivered_twice_at_once(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("111#")
        answers = await asyncio.gather(*(lonely_edge.press(asked, "2") for _ in range(5)))
        assert len({said(answer) for answer in answers}) == 1
        assert len(lonely_edge.spooled()) == 1

    async def test_no_number_left(self, lonely_edge: Edge) -> None:
        for seed in range(60):
            asked = await lonely_edge.reach("111#", CallSid=f"CA{seed:032x}")
            heard = said(await lonely_edge.press(asked, "2", CallSid=f"CA{seed:032x}"))
        assert "Nomor laporan menyusul" in heard
        assert lonely_edge.spooled()[-1][1].reference is None


class TestProof:
    async def test_right_code_makes_the_number_possessed(self, lonely_edge: Edge) -> None:
        async with lonely_edge.phone() as caller:
            await caller.call()
            for key in "1111":
                await caller.press(key)
            code = re.search(r"\d{6}", await caller.text())
            assert code is not None
            await caller.press(code[0])
            await caller.hear("sudah terkonfirmasi")
            await caller.press("2")
            await caller.hear("Nomor laporan Anda")
        ((envelope, event),) = lonely_edge.spooled()
        assert event.identities[0].assurance is Assurance.POSSESSED
        assert envelope.partition_key.startswith("p:")

    async def test_wrong_twice_goes_on(self, lonely_edge: Edge) -> None:
        async with lonely_edge.phone() as caller:
            await caller.call()
            for key in ("1", "1", "1", "1", "000000", "000000"):
                await caller.press(key)
            await caller.hear("lanjutkan tanpa kode")

    async def test_text_is_sent_once_however_often_the_webhook_comes(self, lonely_edge: Edge) -> None:
        async with lonely_edge.phone() as caller:
            asked = await lonely_edge.reach("111")
            first, again = [await lonely_edge.press(asked, "1") for _ in range(2)]
            assert said(first) == said(again)
            await caller.text()
            assert len(caller.texts) == 1

    async def test_only_so_many_for_one_number(self, lonely_edge: Edge) -> None:
        heard = []
        for turn in range(6):
            call = {"CallSid": f"CA{turn:032x}"}
            heard.append(said(await lonely_edge.press(await lonely_edge.reach("111", **call), "1", **call)))
        assert ["belum bisa dikirim" in one for one in heard] == [False] * 5 + [True]


class TestRecording:
    async def test_voicemail_reaches_the_vault(self, lonely_edge: Edge) -> None:
        sound = beep()
        async with lonely_edge.phone() as caller:
            await caller.call()
            for key in "213#1":
                await caller.press(key)
            await caller.record(sound, duration_s=1)
            heard = await caller.hear("Your report number is")
        ((envelope, event),) = await eventually(lonely_edge.spooled)
        assert isinstance(event, VoicemailLeft)
        assert event.reference is not None
        assert machine.spell(event.reference) in heard
        assert (event.locale, event.topic) == (Locale.ENGLISH, "account.cannot_sign_in")
        assert envelope.id.startswith(event.conversation_id.removeprefix("voice:") + "/RE")
        assert event.recording.duration_s == 1
        vault = Vault(lonely_edge.settings.vault_path, key=lonely_edge.settings.vault_key)
        assert await vault.get(event.recording.vault_ref) == (sound, "audio/wav")

    async def test_nothing_said_asks_again(self, lonely_edge: Edge) -> None:
        asked = await lonely_edge.reach("111#1")
        redirect = asked.find("Redirect")
        assert redirect is not None
        assert "belum terdengar" in said(await lonely_edge.twiml(redirect.text or ""))

    async def test_restart_before_the_recording_is_ready(self, tmp_path: Path) -> None:
        """The number was heard, the recording is not there yet, and the service dies."""
        async with edge(tmp_path, voice_recording_delay_s=600) as before, before.phone() as caller:
            await caller.call()
            for key in "111#1":
                await caller.press(key)
            await caller.record(beep())
            heard = await caller.hear("Nomor laporan Anda")
            assert before.spooled() == []
            port = before.url
        async with edge(tmp_path, voice_public_url=port, twilio_api_url=port) as after:
            asked = await after.reach("111#", CallSid="CA" + "3" * 32)
            other = said(await after.press(asked, "2", CallSid="CA" + "3" * 32))
            await eventually(lambda: len(after.spooled()) == 2)
        references = {type(event): event.reference for _, event in after.spooled()}
        voicemail, callback = references[VoicemailLeft], references[CallbackRequested]
        assert voicemail
        assert callback
        assert voicemail != callback
        assert machine.spell(voicemail) in heard
        assert machine.spell(callback) in other

    async def test_foreign_address_is_never_fetched(self, lonely_edge: Edge) -> None:
        """Our credentials stay with the provider; the caller is called back instead."""
        record = (await lonely_edge.reach("111#1")).find("Record")
        assert record is not None
        await lonely_edge.twiml(
            record.attrib["action"],
            RecordingSid="RE" + "1" * 32,
            RecordingUrl="http://127.0.0.2/2010-04-01/Accounts/x/Recordings/RE1",
            RecordingDuration="3",
        )
        ((_, event),) = await eventually(lonely_edge.spooled)
        assert isinstance(event, CallbackRequested)
        assert event.reference is not None

    async def test_webhook_twice_is_one_voicemail(self, lonely_edge: Edge) -> None:
        record = (await lonely_edge.reach("111#1")).find("Record")
        assert record is not None
        fields = {"RecordingSid": "RE" + "1" * 32, "RecordingUrl": "http://127.0.0.2/x", "RecordingDuration": "3"}
        first, again = [await lonely_edge.post(record.attrib["action"], **fields) for _ in range(2)]
        assert first.content == again.content
        await eventually(lonely_edge.spooled)
        assert len(lonely_edge.spooled()) == 1


class TestRestart:
    async def test_call_goes_on(self, tmp_path: Path) -> None:
        """Nothing of a call is in memory: the next webhook finds its state in the URL."""
        async with edge(tmp_path) as before:
            asked = await before.reach("11")
            url = before.url
        async with edge(tmp_path, voice_public_url=url, twilio_api_url=url) as after:
            assert "SMS" in said(await after.press(asked, "1"))

    async def test_answered_turn_is_answered_the_same(self, tmp_path: Path) -> None:
        async with edge(tmp_path) as before:
            asked = await before.reach("111#")
            first = said(await before.press(asked, "2"))
            url = before.url
        async with edge(tmp_path, voice_public_url=url, twilio_api_url=url) as after:
            assert said(await after.press(asked, "2")) == first
            assert len(after.spooled()) == 1


class TestSpoolFull:
    async def test_caller_is_told_and_nothing_is_promised(self, tmp_path: Path) -> None:
        async with edge(tmp_path, spool_max_rows=1) as full:
            await full.press(await full.reach("111#"), "2")
            other = {"CallSid": "CA" + "4" * 32}
            refused = await full.press(await full.reach("111#", **other), "2", **other)
        assert "belum bisa menerima laporan" in said(refused)
        assert refused.find("Hangup") is not None
