from chat_factories import CONVERSATION, NOW, session
from chat_ingest.domain import events
from kawal.contracts.envelope import Envelope
from kawal.contracts.interactions import MessageReceived, MessagesRead, interaction_adapter
from kawal.contracts.words import Assurance, Identity, IdentityKind

KNOWN = Identity(kind=IdentityKind.PARTICIPANT_NUMBER, value="PRK-77", assurance=Assurance.POSSESSED)


class TestMessageReceived:
    def test_event(self) -> None:
        event = events.message_received(
            session(name="Sari"), client_id="c1", text="Halo", reference="4829130574", now=NOW, traceparent="00-a-b-01"
        )
        envelope = Envelope.from_headers(event.message.headers)
        data = interaction_adapter.validate_json(event.message.value)
        assert event.id.startswith(f"{CONVERSATION}/c1/")
        assert envelope.source == "/chat-ingest"
        assert envelope.id == event.id
        assert envelope.type == "kawal.interaction.message_received.v1"
        assert envelope.traceparent == "00-a-b-01"
        assert event.message.topic == "kawal.interactions.v1"
        assert event.message.key == CONVERSATION.encode()
        assert isinstance(data, MessageReceived)
        assert (data.text, data.client_id, data.name, data.reference) == ("Halo", "c1", "Sari", "4829130574")

    def test_another_text_is_another_event(self) -> None:
        """A replica that does not know the client id yet takes it, so ticket-core must not drop it."""
        first, again, other = (
            events.message_received(session(), client_id="c1", text=text, reference=None, now=NOW).id
            for text in ("Halo", "Halo", "Lain")
        )
        assert first == again
        assert first != other

    def test_known_participant_is_keyed_by_who_he_is(self) -> None:
        event = events.message_received(
            session(identities=(KNOWN,)), client_id="c1", text="Halo", reference=None, now=NOW
        )
        assert event.message.key.startswith(b"p:")


class TestMessagesRead:
    def test_event(self) -> None:
        event = events.messages_read(session(), seq=7, now=NOW)
        data = interaction_adapter.validate_json(event.message.value)
        assert event.id == f"{CONVERSATION}/read/7"
        assert isinstance(data, MessagesRead)
        assert data.seq == 7
