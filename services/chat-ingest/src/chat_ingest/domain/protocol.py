"""The WebSocket subprotocol `kawal.chat.v1`: JSON text frames, closed in both directions.

A client says `hello` first. `message` is answered by `accepted` once it is durable; the same message comes back
as a `message` frame with its place in the conversation (`seq`, from 1, without gaps), as everybody's do.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from chat_ingest.domain.refusals import (
    ChatRefusal,
    ControlCharacters,
    EmptyMessage,
    InvalidFrame,
    MalformedFrame,
    MessageTooLong,
    UnknownFrame,
)
from kawal.contracts.outbound import OutboundMessage
from kawal.contracts.words import Author, CaseNumber, ConversationId

SUBPROTOCOL = "kawal.chat.v1"
MAX_FRAME_BYTES = 64 * 1024
MAX_TEXT = 10_000
MAX_SEQ = 2**31 - 1
WRITTEN_CONTROLS = frozenset("\n\r\t")

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Hello(_Frame):
    """Opens or goes on with a conversation; `last_seq` is the last message the client has."""

    type: Literal["hello"] = "hello"
    session_token: Annotated[str, StringConstraints(max_length=8_192)]
    last_seq: Seq = 0


class SendMessage(_Frame):
    """A message of the participant. `client_id` is the client's own, the same when it is sent again.

    `attachments` must be empty until there is an upload that hands out claim checks.
    """

    type: Literal["message"] = "message"
    client_id: ClientId
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)]
    attachments: Annotated[list[object], Field(max_length=0)] = []


class Typing(_Frame):
    """The participant is writing; taken, not passed on yet."""

    type: Literal["typing"] = "typing"


class Read(_Frame):
    """The participant has seen the conversation up to `seq`."""

    type: Literal["read"] = "read"
    seq: Annotated[int, Field(ge=1, le=MAX_SEQ)]


ClientFrame = Annotated[Hello | SendMessage | Typing | Read, Field(discriminator="type")]
_client_frames: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)


class Welcome(_Frame):
    """The answer to `hello`; `last_seq` is the last message known now. Missed messages follow."""

    type: Literal["welcome"] = "welcome"
    conversation_id: ConversationId
    last_seq: Seq


class Accepted(_Frame):
    """The message is durable. `reference` is the case number, told with a conversation's first message."""

    type: Literal["accepted"] = "accepted"
    client_id: ClientId
    reference: CaseNumber | None = None


class Message(_Frame):
    """A message in its place. `client_id` is echoed to recognise one's own."""

    type: Literal["message"] = "message"
    seq: Seq
    id: str
    client_id: str | None = None
    author: Author
    name: str | None = None
    text: str
    at: datetime

    @classmethod
    def of(cls, message: OutboundMessage) -> "Message":
        """The frame of what notifier sent out."""
        return cls(
            seq=message.seq,
            id=message.message_id,
            client_id=message.client_id,
            author=message.author,
            name=message.author_name,
            text=message.text,
            at=message.at,
        )


class Status(_Frame):
    """`catching_up`: earlier messages are on their way; `live`: the client has all there are."""

    type: Literal["status"] = "status"
    state: Literal["catching_up", "live"]


class Receipt(_Frame):
    """Another device of the same participant has read up to `seq`."""

    type: Literal["receipt"] = "receipt"
    seq: Seq
    state: Literal["read"] = "read"


class Queue(_Frame):
    """The conversation waits for an agent at `position`, from 1; 0: not any more, or nobody is there.

    `wait_minutes` is how long it takes as far as it can be told.
    """

    type: Literal["queue"] = "queue"
    position: Seq
    wait_minutes: Annotated[int, Field(ge=1)] | None = None


class Busy(_Frame):
    """Nothing can be accepted now; send the unaccepted messages again after `retry_after_s`."""

    type: Literal["busy"] = "busy"
    retry_after_s: Annotated[int, Field(ge=1)]


class Error(_Frame):
    """A frame was refused; `client_id` names the message where it is known."""

    type: Literal["error"] = "error"
    code: str
    detail: str
    client_id: str | None = None


ServerFrame = Welcome | Accepted | Message | Status | Receipt | Queue | Busy | Error


def encode(frame: ServerFrame) -> str:
    """The JSON text of a server's frame."""
    return frame.model_dump_json(exclude_none=True)


def parse(text: str | bytes) -> ClientFrame:
    """The client's frame in `text`.

    Raises:
        ChatRefusal: one of `MalformedFrame`, `UnknownFrame`, `InvalidFrame`, `MessageTooLong`, `EmptyMessage`,
            `ControlCharacters`.
    """
    try:
        frame = _client_frames.validate_json(text)
    except ValidationError as invalid:
        raise _refusal(invalid) from None
    if isinstance(frame, SendMessage):
        check_text(frame.text)
    return frame


def parse_message(body: bytes) -> SendMessage:
    """The message in the body of an HTTP request: the frame's fields, `type` may be left out.

    Raises:
        ChatRefusal: as `parse`.
    """
    try:
        message = SendMessage.model_validate_json(body)
    except ValidationError as invalid:
        raise _refusal(invalid) from None
    check_text(message.text)
    return message


def parse_read(body: bytes) -> Read:
    """The `read` in the body of an HTTP request; `type` may be left out.

    Raises:
        ChatRefusal: as `parse`.
    """
    try:
        return Read.model_validate_json(body)
    except ValidationError as invalid:
        raise _refusal(invalid) from None


def check_text(text: str) -> None:
    """Refuse what nobody could have meant to write.

    Raises:
        EmptyMessage: nothing but white space.
        ControlCharacters: C0 or C1 controls other than line ends and tabs.
    """
    if not text.strip():
        raise EmptyMessage("Write something")
    if has_controls(text):
        raise ControlCharacters("Only line ends and tabs are taken")


def has_controls(text: str) -> bool:
    """Whether `text` holds control characters other than line ends and tabs."""
    if text.isprintable():
        return False
    return any((c < " " and c not in WRITTEN_CONTROLS) or "\x7f" <= c <= "\x9f" for c in text)


def _refusal(invalid: ValidationError) -> ChatRefusal:
    first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
    match first["type"]:
        case "json_invalid" | "model_type" | "model_attributes_type" | "dict_type":
            return MalformedFrame("Send one JSON object per frame")
        case "union_tag_invalid" | "union_tag_not_found":
            return UnknownFrame("Send hello, message, typing or read")
        case "extra_forbidden":
            return InvalidFrame("A field is not known")
        case "string_too_long" if first["loc"][-1] == "text":
            return MessageTooLong(f"At most {MAX_TEXT} characters")
    return InvalidFrame(f"{first['loc'][-1]}: {first['msg']}")
