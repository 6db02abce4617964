from kawal.contracts.envelope import Envelope
from kawal.contracts.interactions import FormSubmitted, MessageReceived, interaction_adapter
from kawal.contracts.words import Assurance, Identity, IdentityKind, Locale
from kawal.identities import routing_key
from web_factories import NOW, TOPICS, form, submission
from webform_ingest.domain.proofs import StatusPage
from webform_ingest.domain.submissions import (
    Sent,
    as_text,
    form_submitted,
    message_received,
    send_form,
    send_message,
    with_proof,
)
from webform_ingest.domain.validation import validate

KEY = "0b0f8a9e-key"


def submitted(key: str = KEY, *, proven_email: str | None = None, **changes: object) -> FormSubmitted:
    answered = validate(form(), submission(**changes), topics=TOPICS)
    return form_submitted(
        "complaint", answered, idempotency_key=key, proven_email=proven_email, reference=None, now=NOW
    )


def sent(event: FormSubmitted, key: str = KEY) -> Sent:
    return send_form(event, idempotency_key=key, traceparent=None)


class TestFormSubmitted:
    def test_same_key_is_the_same_event(self) -> None:
        one, other = sent(submitted()), sent(submitted())
        assert one == other
        assert one.event_id.startswith("complaint/")
        assert KEY not in one.event_id

    def test_other_key_is_another_event_and_conversation(self) -> None:
        assert submitted("another-key").conversation_id != submitted().conversation_id
        assert sent(submitted("another-key"), "another-key").event_id != sent(submitted()).event_id

    def test_other_answers_under_the_same_key(self) -> None:
        one, other = submitted(), submitted(message="lain")
        assert sent(one).key == sent(other).key
        assert sent(one).fingerprint != sent(other).fingerprint
        assert sent(one).event_id != sent(other).event_id
        assert one.conversation_id != other.conversation_id

    def test_signing_in_meanwhile_does_not_change_the_fingerprint(self) -> None:
        assert sent(submitted(proven_email="siti@example.com")).fingerprint == sent(submitted()).fingerprint

    def test_travels_as_the_contract_says(self) -> None:
        message = sent(submitted()).message
        envelope = Envelope.from_headers(message.headers)
        assert (envelope.source, envelope.type) == ("/webform-ingest", "kawal.interaction.form_submitted.v1")
        assert interaction_adapter.validate_json(message.value) == submitted()

    def test_is_keyed_by_conversation_until_an_identity_is_proven(self) -> None:
        typed = submitted(email="siti@example.com")
        assert sent(typed).message.key == typed.conversation_id.encode()
        proven = submitted(email="siti@example.com", proven_email="siti@example.com")
        assert sent(proven).message.key == routing_key("", proven.identities).encode()


class TestWithProof:
    def claimed(self, value: str) -> Identity:
        return Identity(kind=IdentityKind.EMAIL, value=value, assurance=Assurance.CLAIMED)

    def test_without_proof(self) -> None:
        assert with_proof((self.claimed("a@example.com"),), None) == (self.claimed("a@example.com"),)

    def test_same_address_typed(self) -> None:
        (only,) = with_proof((self.claimed("a@example.com"),), "a@example.com")
        assert only.assurance is Assurance.POSSESSED

    def test_another_address_typed(self) -> None:
        proven, typed = with_proof((self.claimed("b@example.com"),), "a@example.com")
        assert (proven.value, proven.assurance) == ("a@example.com", Assurance.POSSESSED)
        assert (typed.value, typed.assurance) == ("b@example.com", Assurance.CLAIMED)


class TestMessageReceived:
    page = StatusPage(conversation_id="web:0123456789abcdef", routing_key=None)

    def received(self, text: str = "Halo", key: str = KEY) -> MessageReceived:
        return message_received(text, page=self.page, idempotency_key=key, locale=Locale.INDONESIAN, now=NOW)

    def test_same_key_is_the_same_message(self) -> None:
        assert self.received().client_id == self.received().client_id
        assert self.received().client_id != self.received(key="another-key").client_id

    def test_other_text_under_the_same_key(self) -> None:
        one, other = self.sent(), self.sent("lain")
        assert one.key == other.key
        assert one.fingerprint != other.fingerprint
        assert one.event_id != other.event_id

    def sent(self, text: str = "Halo") -> Sent:
        return send_message(self.received(text), idempotency_key=KEY, partition_key="p:abc", traceparent="00-1-2-03")

    def test_carries_no_identity(self) -> None:
        assert self.received().identities == ()

    def test_travels_under_the_key_of_its_form(self) -> None:
        one = self.sent()
        assert one.message.key == b"p:abc"
        assert one.event_id == f"{self.page.conversation_id}/{self.received().client_id}"
        assert Envelope.from_headers(one.message.headers).traceparent == "00-1-2-03"


class TestAsText:
    def test_labels_and_values(self) -> None:
        assert as_text(submitted()) == "Topic: Insentif\nMessage: Insentif saya belum masuk"
