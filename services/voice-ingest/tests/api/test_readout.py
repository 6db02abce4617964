"""A participant answers our call while PostgreSQL is away."""

import pytest

from kawal.contracts.words import Locale
from voice_driver import Edge, said
from voice_factories import KEY
from voice_ingest.api import tokens
from voice_ingest.api.readout import MAX_HOLDS
from voice_ingest.api.tokens import ReadoutRef

pytestmark = pytest.mark.integration


def door(**changes: int) -> str:
    ref = ReadoutRef(delivery_id="delivery-1", attempt=1, locale=Locale.ENGLISH, **changes)
    return f"/answered?readout={tokens.write_readout(ref, key=KEY)}"


class TestAnswered:
    async def test_is_asked_to_hold_the_line(self, lonely_edge: Edge) -> None:
        twiml = await lonely_edge.twiml(door())
        assert said(twiml) == "One moment, please."
        redirect = twiml.find("Redirect")
        assert redirect is not None
        assert said(await lonely_edge.twiml(redirect.text or "")) == "One moment, please."

    async def test_not_for_ever(self, lonely_edge: Edge) -> None:
        twiml = await lonely_edge.twiml(door(holds=MAX_HOLDS))
        assert twiml.find("Hangup") is not None


class TestStatus:
    async def test_provider_is_told_to_come_again(self, lonely_edge: Edge) -> None:
        response = await lonely_edge.post(door().replace("answered", "status"), CallStatus="completed")
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert response.headers["retry-after"]
