"""Case events and deliveries with sensible values; a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any

from kawal.contracts.case_events import ConversationPoint, MessageAdded, NoticeAdded, NoticeTemplate
from kawal.contracts.words import Assurance, Author, Channel, Identity, IdentityKind, Locale
from notifier.domain.deliveries import Delivery

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
EMAIL = Identity(kind=IdentityKind.EMAIL, value="sari@example.org", assurance=Assurance.CLAIMED)
PHONE = Identity(kind=IdentityKind.PHONE, value="+6281234567890", assurance=Assurance.CLAIMED)


def point(channel: Channel, *, seq: int = 1, conversation: str = "abcdefgh12345678") -> ConversationPoint:
    return ConversationPoint(conversation_id=f"{channel}:{conversation}", channel=channel, seq=seq)


def message(channel: Channel = Channel.CHAT, **changes: Any) -> MessageAdded:
    values: dict[str, Any] = {
        "case_id": "case-1",
        "case_number": "4829130574",
        "seq": 2,
        "at": NOW,
        "conversation": point(channel),
        "locale": Locale.INDONESIAN,
        "identities": (),
        "message_id": "m-1",
        "author": Author.AGENT,
        "author_name": "Dewi",
        "text": "Kami sudah memperbaikinya.",
    }
    return MessageAdded(**values | changes)


def notice(channel: Channel = Channel.CHAT, **changes: Any) -> NoticeAdded:
    values: dict[str, Any] = {
        "case_id": "case-1",
        "case_number": "4829130574",
        "seq": 1,
        "at": NOW,
        "conversation": point(channel),
        "locale": Locale.INDONESIAN,
        "identities": (),
        "message_id": "n-1",
        "template": NoticeTemplate.RECEIVED,
    }
    return NoticeAdded(**values | changes)


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": "case-1/2/email",
        "case_id": "case-1",
        "case_number": "4829130574",
        "case_seq": 2,
        "conversation_id": "web:abcdefgh12345678",
        "channel": Channel.EMAIL,
        "address": "sari@example.org",
        "locale": Locale.INDONESIAN,
        "subject": "Jawaban untuk laporan Anda",
        "text": "Kami sudah memperbaikinya.",
        "after": None,
    }
    return Delivery(**values | changes)
