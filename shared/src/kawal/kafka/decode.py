"""Step 2, decode: raw records to typed ones, and the marks of a replay."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from kawal.contracts.envelope import Envelope, MalformedEnvelope
from kawal.errors import PermanentError
from kawal.kafka import headers
from kawal.kafka.record import Arrival, Raw, Record

T = TypeVar("T")

Decode = Callable[[bytes], T | None]
"""Reads the data of an event; `None` for a type that this reader does not know. Raises what is malformed."""


def decoder(adapter: TypeAdapter[T]) -> Decode[T]:
    """A `Decode` for a contract: unknown fields are ignored, an unknown `kind` is `None` (readers accept N+1)."""

    def decode(data: bytes) -> T | None:
        try:
            return adapter.validate_json(data, extra="ignore")
        except ValidationError as error:
            if any(one["type"] == "union_tag_invalid" for one in error.errors(include_input=False)):
                return None
            raise

    return decode


def arrival(raw: Raw, *, group: str, decode: Decode[T]) -> Arrival[T] | None:
    """What `raw` is to `group`; `None` when it is nothing: an unknown type, or a replay for another group."""
    found = dict(raw.headers)
    replay_group = found.get(headers.REPLAY_GROUP)
    if replay_group is not None and replay_group != group.encode():
        return None
    try:
        through = headers.offset_in(found, headers.UNPARK_THROUGH)
        if through is not None:
            return Arrival(raw, unpark_through=through)
        replayed_from = headers.offset_in(found, headers.REPLAYED_FROM)
        record = _record(raw, decode=decode)
    except Exception as error:  # noqa: BLE001 - whatever `decode` raises says that this record cannot be read
        return Arrival(raw, fault=reason_of(error), replayed_from=headers.offset_or_none(found))
    return None if record is None else Arrival(raw, record=record, replayed_from=replayed_from)


def _record(raw: Raw, *, decode: Decode[T]) -> Record[T] | None:
    data = decode(raw.value or b"")
    if data is None:
        return None
    envelope = Envelope.from_headers(raw.headers)
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key or b"",
        envelope=envelope,
        data=data,
    )


def reason_of(error: Exception) -> str:
    """Why a record failed, without its content: it is stored, shown and logged."""
    if isinstance(error, ValidationError):
        places = (
            f"{'.'.join(str(part) for part in one['loc']) or '(all)'}: {one['type']}"
            for one in error.errors(include_input=False, include_url=False, include_context=False)
        )
        return f"invalid data: {'; '.join(list(places)[:5])}"
    if isinstance(error, MalformedEnvelope):
        return "malformed envelope"
    if isinstance(error, PermanentError):
        return str(error) or type(error).__name__
    return type(error).__name__
