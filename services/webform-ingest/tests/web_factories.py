"""Made-up forms, topics and submissions."""

from datetime import UTC, datetime
from typing import Any

from kawal.programme import Topics
from webform_ingest.domain.definitions import Form

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
LINK_KEY = "a-key-for-links-in-tests-only"

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
