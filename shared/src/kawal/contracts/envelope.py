"""CloudEvents 1.0 in Kafka's binary mode: attributes in `ce_*` headers, the data as JSON in the value.

Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2; partitioning and distributed-tracing extensions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

SPEC_VERSION = b"1.0"
CONTENT_TYPE = b"application/json"

Headers = tuple[tuple[str, bytes], ...]


class MalformedEnvelope(ValueError):
    """A Kafka record that is not one of our CloudEvents."""


@dataclass(frozen=True, slots=True)
class KafkaMessage:
    """What is handed to a producer, a spool or an outbox: complete, encoded, nothing left to decide."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Event:
    """An event that is ready for a spool; `id` is its `ce_id`."""

    id: str
    message: KafkaMessage


@dataclass(frozen=True, slots=True)
class Envelope:
    """The context attributes of one event.

    `(source, id)` is the event's identity for deduplication. `time` is aware. `partition_key` is the Kafka key.
    `traceparent` is W3C Trace Context, or `None` when the event starts no trace.
    """

    id: str
    source: str
    type: str
    time: datetime
    partition_key: str
    traceparent: str | None = None

    def message(self, *, topic: str, data: bytes) -> KafkaMessage:
        """Wrap `data` (UTF-8 JSON) as a Kafka message for `topic`."""
        headers: list[tuple[str, bytes]] = [
            ("content-type", CONTENT_TYPE),
            ("ce_specversion", SPEC_VERSION),
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_partitionkey", self.partition_key.encode()),
        ]
        if self.traceparent:
            headers.append(("traceparent", self.traceparent.encode()))
        return KafkaMessage(topic=topic, key=self.partition_key.encode(), value=data, headers=tuple(headers))

    def event(self, *, topic: str, data: bytes) -> Event:
        """As `message`, with the event's id beside it."""
        return Event(self.id, self.message(topic=topic, data=data))

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "Envelope":
        """Read the attributes back; unknown headers are ignored (readers accept N+1).

        Raises:
            MalformedEnvelope: a required attribute is missing or cannot be read.
        """
        found = dict(headers)
        try:
            if found["ce_specversion"] != SPEC_VERSION:
                raise MalformedEnvelope(f"unsupported CloudEvents version {found['ce_specversion']!r}")
            traceparent = found.get("traceparent")
            return cls(
                id=found["ce_id"].decode(),
                source=found["ce_source"].decode(),
                type=found["ce_type"].decode(),
                time=datetime.fromisoformat(found["ce_time"].decode()),
                partition_key=found["ce_partitionkey"].decode(),
                traceparent=traceparent.decode() if traceparent else None,
            )
        except KeyError as missing:
            raise MalformedEnvelope(f"header {missing} is missing") from missing
        except ValueError as unreadable:
            raise MalformedEnvelope(f"unreadable header: {unreadable}") from unreadable
