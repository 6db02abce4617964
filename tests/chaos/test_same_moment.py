"""One person at two doors at the same moment: two keys, two consumers, still one person and one case."""

import asyncio
import json
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from chaos.ledger import Offence, blame, connected
from e2e.drivers.people import Participant, identity_token, new_participant
from kawal import links
from kawal.testing import eventually
from kawal.testing.stack import StackProcess

TIMES = 200
AT_ONCE = 20
ARRIVE_WITHIN_S = 120.0

FOUND = """
    SELECT identities.value AS email, count(DISTINCT conversations.participant_id) AS participants,
           count(DISTINCT conversations.case_id) AS cases, count(DISTINCT conversations.id) AS conversations,
           (SELECT count(*) FROM core.timeline
            WHERE case_id = (array_agg(conversations.case_id))[1] AND kind IN ('message', 'form')) AS entries
    FROM core.identities JOIN core.conversations USING (participant_id)
    WHERE identities.kind = 'email' AND identities.value = ANY($1) GROUP BY identities.value
"""
ONE_OF_EACH = {"participants": 1, "cases": 1, "conversations": 2, "entries": 2}

pytestmark = pytest.mark.chaos


class TestSamePerson:
    async def test_two_channels_at_the_same_moment(self, stack: StackProcess) -> None:
        people = [new_participant() for _ in range(TIMES)]
        link_key = json.loads((stack.state / "secrets.json").read_text(encoding="utf-8"))["link_key"]
        async with (
            httpx.AsyncClient(base_url=stack.url("chat-ingest"), trust_env=False, timeout=30) as chat,
            httpx.AsyncClient(base_url=stack.url("webform-ingest"), trust_env=False, timeout=30) as web,
        ):
            tokens = [await open_chat(chat, person, stack) for person in people]
            cookies = [session_cookie(person, link_key=link_key) for person in people]
            for start in range(0, TIMES, AT_ONCE):
                some = slice(start, start + AT_ONCE)
                chats = (write(chat, token) for token in tokens[some])
                forms = (submit(web, *one) for one in zip(people[some], cookies[some], strict=True))
                await asyncio.gather(*(both for pair in zip(chats, forms, strict=True) for both in pair))
        async with connected(stack) as database:
            blame(await not_one(database, [person.email for person in people]))


async def open_chat(chat: httpx.AsyncClient, person: Participant, stack: StackProcess) -> str:
    """The session of a participant whom the host site knows."""
    token = identity_token(person, stack.facts["host_site"])
    opened = await chat.post("/v1/chat/sessions", json={"locale": "id", "identity_token": token})
    opened.raise_for_status()
    return str(opened.json()["session_token"])


def session_cookie(person: Participant, *, link_key: str) -> str:
    """What the web edge gives to somebody who opened a link in his mail; so many links it sends to nobody."""
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    return links.sign({"e": person.email}, key=link_key, purpose="web-session", expires_at=in_an_hour)


async def write(chat: httpx.AsyncClient, token: str) -> None:
    message = {"client_id": secrets.token_hex(8), "text": "Insentif saya belum cair."}
    answer = await chat.post("/v1/chat/messages", json=message, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text


async def submit(web: httpx.AsyncClient, person: Participant, cookie: str) -> None:
    filled = {"topic": "incentive.not_paid", "message": "Insentif saya belum cair.", "email": person.email}
    headers = {"Idempotency-Key": secrets.token_hex(16), "Cookie": f"kawal_session={cookie}"}
    answer = await web.post("/v1/forms/complaint/submissions", json=filled, headers=headers)
    assert answer.status_code == 202, answer.text


async def not_one(database: asyncpg.Pool, emails: list[str]) -> list[Offence]:
    """Whoever is not one participant with one case that holds both, once everything has arrived."""

    async def arrived() -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await database.fetch(FOUND, emails)
        missing = len(emails) - sum(row["conversations"] >= ONE_OF_EACH["conversations"] for row in rows)
        assert missing == 0, f"{missing} of {len(emails)} have not arrived on both channels"
        return rows

    rows = await eventually(arrived, timeout=ARRIVE_WITHIN_S, interval=0.5)
    found = {row["email"]: {what: row[what] for what in ONE_OF_EACH} for row in rows}
    assert Counter(found.keys()) == Counter(emails)
    return [Offence("not one", email, str(counts)) for email, counts in found.items() if counts != ONE_OF_EACH]
