"""Recordings on their way into the vault: a real journal, spool and vault; the provider answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from kawal.case_numbers.leases import LeasedNumbers, lease_client
from kawal.contracts.interactions import CallbackRequested, VoicemailLeft, interaction_adapter
from kawal.spool import Spool, SpoolLimits, SpoolUnavailable
from kawal.vault import Vault
from voice_factories import ACCOUNT, HOTLINE, NOW, VAULT_KEY, number, pending_voicemail
from voice_ingest.adapters.twilio.rest import TwilioRest
from voice_ingest.consumers.recordings import FetchSettings, RecordingFetcher
from voice_ingest.store.intake import Intake
from voice_ingest.store.journal import Journal

API = "https://api.provider.example"
RECORDING = f"{API}/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'1' * 32}"
SOUND = b"RIFF....WAVE"
FULL = SpoolLimits(max_rows=0)


class Provider:
    """Answers downloads with what `answer` holds; keeps what it was asked for."""

    def __init__(self) -> None:
        self.answer: Callable[[], httpx.Response] = self.audio
        self.asked: list[str] = []
        self.deleted = httpx.Response(204)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        return self.deleted if request.method == "DELETE" else self.answer()

    @staticmethod
    def audio() -> httpx.Response:
        return httpx.Response(200, content=SOUND, headers={"content-type": "audio/wav"})

    @staticmethod
    def page() -> httpx.Response:
        return httpx.Response(200, html="<p>Maintenance</p>")

    @staticmethod
    def redirect() -> httpx.Response:
        return httpx.Response(302, headers={"location": "https://login.example/"})


class Bench:
    """A fetcher with a voicemail that waits; `at` is how old it is at the next turn."""

    def __init__(self, path: Path, *, journal: Journal, provider: Provider, http: httpx.AsyncClient) -> None:
        self.journal, self.provider = journal, provider
        self.vault_path = path / "vault"
        self._http = http
        self._path = path
        self._now = NOW

    @asynccontextmanager
    async def fetcher(self, limits: SpoolLimits | None = None) -> AsyncIterator[tuple[RecordingFetcher, Spool]]:
        spool = await Spool.open(self._path / "spool.sqlite3", limits=limits or SpoolLimits())
        async with lease_client(ticket_core_url="http://127.0.0.1:9", service_token="token") as client:
            numbers = LeasedNumbers(spool, client=client)
            fetcher = RecordingFetcher(
                self.journal,
                recordings=TwilioRest(self._http, account_sid=ACCOUNT, number=HOTLINE),
                vault=Vault(self.vault_path, key=SecretStr(VAULT_KEY)),
                sink=Intake(spool=spool, journal=self.journal, numbers=numbers, wake=lambda: None),
                settings=FetchSettings(),
                clock=lambda: self._now,
                woken=asyncio.Event(),
            )
            yield fetcher, spool
        await spool.close()

    async def turn(self, at: timedelta, *, limits: SpoolLimits | None = None) -> list[type]:
        """One turn at that age; the interactions that are in the spool then."""
        self._now = NOW + at
        async with self.fetcher(limits) as (fetcher, spool):
            await fetcher.turn()
            rows = await spool.unsent(after=0, max_rows=10, max_bytes=10**6)
        return [type(interaction_adapter.validate_json(row.message.value)) for row in rows]

    async def due_in(self) -> timedelta | None:
        due = await self.journal.next_due()
        return None if due is None else datetime.fromtimestamp(due, NOW.tzinfo) - self._now

    def in_vault(self) -> int:
        return sum(1 for path in self.vault_path.rglob("*") if path.is_file())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    spool = await Spool.open(tmp_path / "spool.sqlite3", limits=SpoolLimits())
    await spool.add_case_numbers([number(1)])
    await spool.close()
    journal, provider = Journal(tmp_path / "journal.sqlite3"), Provider()
    pending = pending_voicemail(reference=number(1)).model_copy(update={"url": RECORDING})
    await journal.keep_voicemail(pending, key="turn", body=b"", now=NOW)
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider), base_url=API) as http:
        yield Bench(tmp_path, journal=journal, provider=provider, http=http)
    await journal.close()


class TestFetched:
    async def test_provider_keeps_no_copy(self, bench: Bench) -> None:
        assert await bench.turn(timedelta(0)) == [VoicemailLeft]
        assert bench.provider.asked == ["GET", "DELETE"]
        assert await bench.due_in() is None

    async def test_copy_that_cannot_be_deleted_now_is_deleted_later(self, bench: Bench) -> None:
        bench.provider.deleted = httpx.Response(503)
        await bench.turn(timedelta(0))
        assert await bench.due_in() == timedelta(hours=1)
        bench.provider.deleted = httpx.Response(404)
        assert await bench.turn(timedelta(days=1)) == [VoicemailLeft]
        assert bench.provider.asked == ["GET", "DELETE", "DELETE"]
        assert await bench.due_in() is None

    async def test_full_spool_leaves_one_copy_in_the_vault(self, bench: Bench) -> None:
        assert await bench.turn(timedelta(0), limits=FULL) == []
        files = bench.in_vault()
        assert await bench.turn(timedelta(hours=7), limits=FULL) == []
        assert await bench.turn(timedelta(hours=8)) == [VoicemailLeft]
        assert bench.in_vault() == files
        assert bench.provider.asked == ["GET", "DELETE"]

    async def test_what_could_not_be_noted_leaves_one_copy_in_the_vault(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As after a crash between the vault and the journal."""

        async def refuse(_pending: object) -> None:
            raise SpoolUnavailable("The disk refused")

        with monkeypatch.context() as broken:
            broken.setattr(bench.journal, "update", refuse)
            assert await bench.turn(timedelta(0)) == []
        files = bench.in_vault()
        assert files > 0
        assert await bench.turn(timedelta(minutes=5)) == [VoicemailLeft]
        assert bench.in_vault() == files
        assert bench.provider.asked == ["GET", "GET", "DELETE"]


@pytest.mark.parametrize("answer", [Provider.page, Provider.redirect, lambda: httpx.Response(404)])
class TestNotReady:
    async def test_is_asked_for_again_soon(self, bench: Bench, answer: Callable[[], httpx.Response]) -> None:
        bench.provider.answer = answer
        assert await bench.turn(timedelta(0)) == []
        assert await bench.due_in() == timedelta(seconds=1)

    async def test_caller_is_called_back_and_the_recording_still_comes(
        self, bench: Bench, answer: Callable[[], httpx.Response]
    ) -> None:
        bench.provider.answer = answer
        assert await bench.turn(timedelta(hours=7)) == [CallbackRequested]
        assert await bench.due_in() == timedelta(hours=1)
        assert await bench.turn(timedelta(hours=9)) == [CallbackRequested]
        bench.provider.answer = Provider.audio
        assert await bench.turn(timedelta(hours=11)) == [CallbackRequested, VoicemailLeft]
        assert await bench.due_in() is None

    async def test_is_forgotten_after_a_month(self, bench: Bench, answer: Callable[[], httpx.Response]) -> None:
        bench.provider.answer = answer
        assert await bench.turn(timedelta(days=31)) == [CallbackRequested]
        assert await bench.due_in() is None
