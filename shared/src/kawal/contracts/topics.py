"""The one declaration of Kafka topics; they are created from it, never by auto-creation."""

from dataclasses import dataclass

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic. `retention_ms` must outlive the longest outage that a consumer may sleep through."""

    name: str
    partitions: int = 8
    retention_ms: int = 7 * DAY_MS


INTERACTIONS = Topic("kawal.interactions.v1")
CASE_EVENTS = Topic("kawal.case-events.v1")
OUTBOUND_CHAT = Topic("kawal.outbound.chat.v1")
OUTBOUND_VOICE = Topic("kawal.outbound.voice.v1")
OUTBOUND_WEB = Topic("kawal.outbound.web.v1")
DELIVERIES = Topic("kawal.deliveries.v1")

ALL = (INTERACTIONS, CASE_EVENTS, OUTBOUND_CHAT, OUTBOUND_VOICE, OUTBOUND_WEB, DELIVERIES)

READERS: dict[str, tuple[str, ...]] = {
    INTERACTIONS.name: ("ticket-core",),
    CASE_EVENTS.name: ("notifier",),
    OUTBOUND_CHAT.name: ("chat-ingest",),
    OUTBOUND_VOICE.name: ("voice-calls",),
    OUTBOUND_WEB.name: ("web-transcript",),
    DELIVERIES.name: ("ticket-core", "notifier-reports"),
}
"""The consumer groups of each topic. A group that is missing here has no dead letters, and does not start."""


def dead_letters(*, topic: str, group: str) -> Topic:
    """The topic that keeps what `group` could not process of `topic`."""
    return Topic(f"{topic}.{group}.dlq", partitions=1, retention_ms=90 * DAY_MS)
