"""Made-up forms, topics and submissions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kawal.contracts.outbound import OutboundMessage
from kawal.contracts.words import Author, Locale
from kawal.programme import Topics
from webform_ingest.domain.definitions import Form

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
LINK_KEY = "a-key-for-links-in-tests-only-0123456789"

TOPICS = Topics.model_validate(
    {
        "groups": [
            {
                "key": "money",
                "label": {"id": "Uang", "en": "Money"},
                "topics": [
                    {"key": "payment", "label": {"id": "Insentif", "en": "Incentive"}},
                    {"key": "account", "label": {"id": "Rekening", "en": "Bank account"}},
                ],
            }
        ]
    }
)


def words(text: str) -> dict[str, str]:
    return {"id": text, "en": f"{text} (en)"}


def field(key: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": type_, "label": words(key.title())} | more


def form(*fields: dict[str, Any]) -> Form:
    """The named fields, or a form with one field of each type."""
    return Form.model_validate(
        {
            "form": "complaint",
            "title": words("Laporan"),
            "introduction": words("Ceritakan"),
            "submit": words("Kirim"),
            "fields": list(fields) or every_type(),
        }
    )


def every_type() -> list[dict[str, Any]]:
    return [
        field("topic", "select", options="topics", required=True),
        field("message", "textarea", required=True, max_length=50),
        field("happened_on", "date"),
        field("name", "text", max_length=20, means="name"),
        field("number", "text", max_length=20, means="participant_number"),
        field("email", "email"),
        field("phone", "phone"),
        field("may_call", "checkbox"),
    ]


def submission(**changes: Any) -> dict[str, Any]:
    return {"topic": "money.payment", "message": "Insentif saya belum masuk"} | changes


CONVERSATION = "web:0123456789abcdef"


def message(seq: int, *, conversation_id: str = CONVERSATION, **changes: Any) -> OutboundMessage:
    """A numbered message as notifier hands it out: the agent's, unless `author` says otherwise."""
    author = changes.get("author", Author.AGENT)
    standard = {
        "delivery_id": f"delivery-{conversation_id}-{seq}",
        "conversation_id": conversation_id,
        "case_id": f"case-{conversation_id}",
        "case_number": "4829130574",
        "case_seq": seq + 10,
        "locale": Locale.INDONESIAN,
        "message_id": f"message-{conversation_id}-{seq}",
        "seq": seq,
        "author": author,
        "author_name": "Rina" if author is Author.AGENT else None,
        "text": f"Pesan {seq}",
        "at": NOW + timedelta(minutes=seq),
        "wants_receipt": author is not Author.PARTICIPANT,
    }
    return OutboundMessage.model_validate(standard | changes)
