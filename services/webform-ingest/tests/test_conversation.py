"""A submission from the door to Kafka, and the answers back to the status page: real PostgreSQL, broker and SMTP."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kawal import links
from kawal.contracts import topics
from kawal.contracts.deliveries import DeliveryReported, DeliveryState, delivery_adapter
from kawal.contracts.interactions import FormSubmitted, MessageReceived, interaction_adapter
from kawal.contracts.words import Assurance, Author, IdentityKind
from kawal.identities import routing_key
from kawal.testing import eventually
from web_driver import NUMBERS, Mailbox, Watched, hand_out, watching
from web_factories import LINK_KEY, NOW, message

pytestmark = pytest.mark.integration

URL = "/v1/forms/complaint/submissions"
ANSWERS = {"topic": "incentive.not_paid", "message": "Insentif saya belum masuk", "email": "siti@example.com"}


@pytest.fixture
async def interactions(kafka_bootstrap: str, outbound_topic: str) -> AsyncIterator[Watched]:
    assert outbound_topic  # with it, all topics exist
    async with watching(topics.INTERACTIONS, bootstrap_servers=kafka_bootstrap) as watched:
        yield watched


@pytest.fixture
async def deliveries(kafka_bootstrap: str, outbound_topic: str) -> AsyncIterator[Watched]:
    assert outbound_topic
    async with watching(topics.DELIVERIES, bootstrap_servers=kafka_bootstrap) as watched:
        yield watched


async def submitted(web: httpx.AsyncClient, key: str) -> tuple[str, str]:
    """Sends the form; the conversation's id and its status path."""
    response = await web.post(URL, json=ANSWERS, headers={"idempotency-key": key})
    assert response.status_code == 202
    path = urlsplit(response.json()["status_url"]).path
    token = path.removeprefix("/status/")
    return links.read_status_token(token, key=LINK_KEY, now=NOW), path


async def status(web: httpx.AsyncClient, path: str, *, after: int = 0) -> dict[str, Any]:
    response = await web.get(f"/v1{path}", params={"after": after})
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


async def reported(deliveries: Watched, delivery_id: str, state: DeliveryState) -> list[DeliveryReported]:
    found = await deliveries.with_id(f"{delivery_id}/{state}")
    return [delivery_adapter.validate_json(data) for _, _, data in found]


class TestSubmission:
    async def test_reaches_the_broker_once_with_the_number_told(
        self, web: httpx.AsyncClient, interactions: Watched
    ) -> None:
        headers = {"idempotency-key": "submission-1"}
        first = await web.post(URL, json=ANSWERS, headers=headers)
        again = await web.post(URL, json=ANSWERS, headers=headers)
        assert first.json() == again.json()
        assert first.json()["reference"] == NUMBERS[0]
        conversation_id, _ = await submitted(web, "submission-1")
        (envelope, key, data) = (await eventually(lambda: interactions.of(conversation_id)))[0]
        event = interaction_adapter.validate_json(data)
        assert isinstance(event, FormSubmitted)
        assert (event.reference, event.topic) == (NUMBERS[0], "incentive.not_paid")
        assert [i.assurance for i in event.identities] == [Assurance.CLAIMED]
        assert key == event.conversation_id.encode()
        assert envelope.traceparent

    async def test_a_repeat_costs_no_number(self, web: httpx.AsyncClient) -> None:
        for _ in range(3):
            await web.post(URL, json=ANSWERS, headers={"idempotency-key": "submission-2"})
        other = await web.post(URL, json=ANSWERS, headers={"idempotency-key": "submission-3"})
        assert other.json()["reference"] == NUMBERS[1]

    async def test_is_on_the_status_page_before_it_is_numbered(self, web: httpx.AsyncClient) -> None:
        _, path = await submitted(web, "submission-4")
        seen = await status(web, path)
        assert seen["reference"] == NUMBERS[0]
        assert seen["items"] == []
        assert "Insentif saya belum masuk" in seen["pending"][0]["text"]

    async def test_proven_address_travels_as_possessed(
        self, web: httpx.AsyncClient, mail: Mailbox, interactions: Watched
    ) -> None:
        assert (await web.post("/sign-in", data={"email": "Siti@Example.com"})).status_code == 303
        link = mail.link_to("siti@example.com")
        assert "set-cookie" not in (await web.get(link)).headers
        assert (await web.post(link)).headers["location"] == "/"
        assert (await web.post(link)).status_code == 303, "a second press"
        async with httpx.AsyncClient(base_url=web.base_url) as another:
            assert (await another.post(link)).status_code == 410
        cookie = next(cookie for cookie in web.cookies.jar if cookie.name == "kawal_session")
        assert cookie.has_nonstandard_attr("HttpOnly")
        conversation_id, path = await submitted(web, "submission-5")
        sent = await eventually(lambda: interactions.of(conversation_id))
        event = interaction_adapter.validate_json(sent[0][2])
        assert [(i.kind, i.value, i.assurance) for i in event.identities] == [
            (IdentityKind.EMAIL, "siti@example.com", Assurance.POSSESSED)
        ]
        key = routing_key(conversation_id, event.identities)
        assert sent[0][1] == key.encode()
        response = await web.post(f"/v1{path}/messages", json={"text": "Halo"}, headers={"idempotency-key": "answer-5"})
        client_id = response.json()["client_id"]
        answers = await eventually(lambda: interactions.with_id(f"{conversation_id}/{client_id}"))
        assert answers[0][1] == key.encode()


class TestAnswer:
    async def test_is_one_message_however_often_it_is_sent(self, web: httpx.AsyncClient, interactions: Watched) -> None:
        conversation_id, path = await submitted(web, "answer-1")
        for _ in range(2):
            response = await web.post(
                f"/v1{path}/messages", json={"text": " Ada kabar? "}, headers={"idempotency-key": "answer-1b"}
            )
            assert response.status_code == 202
        client_id = response.json()["client_id"]
        sent = await eventually(lambda: interactions.with_id(f"{conversation_id}/{client_id}"))
        event = interaction_adapter.validate_json(sent[0][2])
        assert isinstance(event, MessageReceived)
        assert (event.text, event.client_id, event.identities) == ("Ada kabar?", client_id, ())
        pending = (await status(web, path))["pending"]
        assert [one["text"] for one in pending][1:] == ["Ada kabar?"]

    async def test_another_text_under_the_same_key(self, web: httpx.AsyncClient) -> None:
        _, path = await submitted(web, "answer-2")
        headers = {"idempotency-key": "answer-2b"}
        await web.post(f"/v1{path}/messages", json={"text": "Satu"}, headers=headers)
        response = await web.post(f"/v1{path}/messages", json={"text": "Dua"}, headers=headers)
        assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")


class TestTranscript:
    async def test_numbered_messages_take_the_place_of_pending_ones(
        self, web: httpx.AsyncClient, kafka_bootstrap: str, outbound_topic: str
    ) -> None:
        conversation_id, path = await submitted(web, "transcript-1")
        answer = await web.post(
            f"/v1{path}/messages", json={"text": "Ada kabar?"}, headers={"idempotency-key": "transcript-1b"}
        )
        own = message(1, conversation_id=conversation_id, author=Author.PARTICIPANT)
        agents = message(2, conversation_id=conversation_id)
        await hand_out(kafka_bootstrap, outbound_topic, [own, agents, own, agents])
        seen = await eventually(lambda: _with_items(web, path, count=2))
        assert [(one["seq"], one["author"], one["text"]) for one in seen["items"]] == [
            (1, "participant", "Pesan 1"),
            (2, "agent", "Pesan 2"),
        ]
        assert [one["text"] for one in seen["pending"]] == ["Ada kabar?"]
        assert (seen["case_number"], seen["next_cursor"]) == ("4829130574", None)
        echo = message(
            3, conversation_id=conversation_id, author=Author.PARTICIPANT, client_id=answer.json()["client_id"]
        )
        await hand_out(kafka_bootstrap, outbound_topic, [echo])
        last = await eventually(lambda: _with_items(web, path, count=1, after=2))
        assert last["pending"] == []

    async def test_reports_stored_and_read_once_each(
        self, web: httpx.AsyncClient, kafka_bootstrap: str, outbound_topic: str, deliveries: Watched
    ) -> None:
        conversation_id, path = await submitted(web, "transcript-2")
        own = message(1, conversation_id=conversation_id, author=Author.PARTICIPANT)
        agents = message(2, conversation_id=conversation_id)
        await hand_out(kafka_bootstrap, outbound_topic, [own, agents])
        stored = await eventually(lambda: reported(deliveries, agents.delivery_id, DeliveryState.SENT))
        assert (stored[0].case_id, stored[0].case_seq) == (agents.case_id, agents.case_seq)
        assert await reported(deliveries, agents.delivery_id, DeliveryState.READ) == []
        for _ in range(2):
            assert (await web.get(path)).status_code == 200
            await status(web, path)
        await eventually(lambda: reported(deliveries, agents.delivery_id, DeliveryState.READ))
        later = message(3, conversation_id=conversation_id)
        await hand_out(kafka_bootstrap, outbound_topic, [later])
        await eventually(lambda: reported(deliveries, later.delivery_id, DeliveryState.SENT))
        assert len(await reported(deliveries, agents.delivery_id, DeliveryState.READ)) == 1
        assert await reported(deliveries, own.delivery_id, DeliveryState.SENT) == []


async def _with_items(web: httpx.AsyncClient, path: str, *, count: int, after: int = 0) -> dict[str, Any] | None:
    seen = await status(web, path, after=after)
    return seen if len(seen["items"]) == count else None
