"""`kawal.interactions.v1`: what participants did, as the edges saw it.

Written by the three edges through their spools, keyed by the participant's routing key, read by ticket-core.
The CloudEvents type of each model is `kawal.interaction.<kind>.v1`.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from kawal.contracts.words import (
    Attachment,
    CaseNumber,
    Channel,
    Contract,
    ConversationId,
    Identity,
    Locale,
    Text,
)


class _Interaction(Contract):
    """What every interaction carries.

    `reference` is a leased case number that the participant has already been told, or `None` when the
    edge had none left. `topic` is a key of `programme/topics.yaml`, or `None` when nobody chose one.
    `occurred_at` is the edge's clock, aware, UTC.
    """

    conversation_id: ConversationId
    channel: Channel
    occurred_at: datetime
    locale: Locale
    identities: Annotated[tuple[Identity, ...], Field(max_length=10)] = ()
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    topic: Annotated[str, StringConstraints(max_length=64)] | None = None
    reference: CaseNumber | None = None


class MessageReceived(_Interaction):
    """The participant wrote a message: in the chat, or in the box of the status page.

    `client_id` is the sender's own id of the message, echoed so that the widget recognises it.
    """

    kind: Literal["message_received"] = "message_received"
    text: Text
    client_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=10)] = ()


class FormAnswer(Contract):
    field: Annotated[str, StringConstraints(max_length=64)]
    label: Annotated[str, StringConstraints(max_length=200)]
    value: Text

    @property
    def line(self) -> str:
        """Question and answer as one line of prose."""
        asked = self.label if self.label.endswith("?") else f"{self.label}:"
        return f"{asked} {self.value}"


class FormSubmitted(_Interaction):
    """A complaint form was sent; `answers` keep the order and the labels the participant saw."""

    kind: Literal["form_submitted"] = "form_submitted"
    form: Annotated[str, StringConstraints(max_length=64)]
    answers: Annotated[tuple[FormAnswer, ...], Field(min_length=1, max_length=100)]


class KeyPress(Contract):
    """One step of an IVR flow: the menu's name and what the caller chose there."""

    menu: str
    choice: str


class VoicemailLeft(_Interaction):
    """A caller left a spoken message."""

    kind: Literal["voicemail_left"] = "voicemail_left"
    path: tuple[KeyPress, ...] = ()
    recording: Attachment


class CallbackRequested(_Interaction):
    """A caller asked to be called back on the number of the call."""

    kind: Literal["callback_requested"] = "callback_requested"
    path: tuple[KeyPress, ...] = ()


class MessagesRead(_Interaction):
    """The participant has seen the conversation up to `seq` (a `conversation_seq`)."""

    kind: Literal["messages_read"] = "messages_read"
    seq: Annotated[int, Field(ge=1)]


Interaction = Annotated[
    MessageReceived | FormSubmitted | VoicemailLeft | CallbackRequested | MessagesRead,
    Field(discriminator="kind"),
]
interaction_adapter: TypeAdapter[Interaction] = TypeAdapter(Interaction)
