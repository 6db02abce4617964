from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from kawal.errors import PermanentError, TransientError
from voice_factories import ACCOUNT, CALL, CALLER, HOTLINE, NOW
from voice_ingest.adapters.twilio.rest import TwilioRest

API = "https://api.provider.example"
RECORDING = f"{API}/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1"


@pytest.fixture
async def rest(request: pytest.FixtureRequest) -> AsyncIterator[TwilioRest]:
    """The client of a provider that answers everything with the status given."""
    transport = httpx.MockTransport(lambda _: httpx.Response(request.param, json={}))
    async with httpx.AsyncClient(transport=transport, base_url=API) as client:
        yield TwilioRest(client, account_sid=ACCOUNT, number=HOTLINE)


@pytest.mark.parametrize("rest", [401, 403, 429, 500, 503], indirect=True)
class TestTryLater:
    async def test_calls(self, rest: TwilioRest) -> None:
        with pytest.raises(TransientError):
            await rest.place(to=CALLER, answer_url="", status_url="")

    async def test_state_of_a_call(self, rest: TwilioRest) -> None:
        with pytest.raises(TransientError):
            await rest.status(CALL)

    async def test_recordings(self, rest: TwilioRest) -> None:
        with pytest.raises(TransientError):
            await rest.fetch(RECORDING)


@pytest.mark.parametrize("rest", [400], indirect=True)
class TestRefused:
    async def test_calls(self, rest: TwilioRest) -> None:
        with pytest.raises(PermanentError):
            await rest.place(to=CALLER, answer_url="", status_url="")


@pytest.mark.parametrize("rest", [200], indirect=True)
class TestFetch:
    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            f"https://evil.example/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1",
            f"{API}@evil.example/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1",
            f"{API}:8443/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE1",
            f"{API}/2010-04-01/Accounts/{ACCOUNT}/Recordings/%2e%2e/Calls.json",
            f"{API}/2010-04-01/Accounts/{ACCOUNT}/Messages/SM1",
        ],
    )
    async def test_only_a_recording_of_the_account(self, rest: TwilioRest, url: str) -> None:
        with pytest.raises(PermanentError, match="not a recording"):
            await rest.fetch(url)


CALL_MADE = {
    "sid": CALL,
    "status": "queued",
    "to": CALLER,
    "from": HOTLINE,
    "direction": "outbound-api",
    "date_created": "Tue, 24 Nov 2026 07:00:00 +0000",
}


class TestOddAnswer:
    """A success in words that are not the provider's: the outcome is unknown, and nothing dies of it."""

    @pytest.mark.parametrize("body", [{}, [], None, "queued", {"calls": None}, {"status": "teleported"}])
    async def test_is_an_unknown_outcome(self, body: object) -> None:
        async with answering(body) as rest:
            for asked in (
                rest.place(to=CALLER, answer_url="", status_url=""),
                rest.find(to=CALLER, since=NOW),
                rest.status(CALL),
            ):
                with pytest.raises(TransientError):
                    await asked

    @pytest.mark.parametrize("changes", [{"date_created": None}, {"date_created": "today"}, {"sid": None}])
    async def test_of_one_call_among_others(self, changes: dict[str, object]) -> None:
        """It might be the very call that is asked for, so it is never skipped: that would call a participant twice."""
        async with answering({"calls": [CALL_MADE, CALL_MADE | changes]}) as rest:
            with pytest.raises(TransientError):
                await rest.find(to=CALLER, since=NOW)


@asynccontextmanager
async def answering(body: object) -> AsyncIterator[TwilioRest]:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport, base_url=API) as client:
        yield TwilioRest(client, account_sid=ACCOUNT, number=HOTLINE)
