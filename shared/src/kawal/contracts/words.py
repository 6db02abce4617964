"""The words every contract is made of: channels, identities, assurance."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Contract(BaseModel):
    """A closed, immutable record that travels between services."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(StrEnum):
    """The door a participant came through, or an answer goes out of."""

    CHAT = "chat"
    VOICE = "voice"
    WEB = "web"
    EMAIL = "email"
    SMS = "sms"


class Locale(StrEnum):
    INDONESIAN = "id"
    ENGLISH = "en"


class IdentityKind(StrEnum):
    """What kind of fact points at a person.

    `CONVERSATION` is the pseudonym of one conversation: whoever goes on in it is the same person.
    """

    PHONE = "phone"
    EMAIL = "email"
    PARTICIPANT_NUMBER = "participant_number"
    CONVERSATION = "conversation"


class Assurance(StrEnum):
    """How much is known of a claim, weakest first.

    Only `POSSESSED` or better joins a contact to a participant by itself; `CLAIMED` only suggests.
    """

    CLAIMED = "claimed"
    POSSESSED = "possessed"
    VERIFIED = "verified"

    @property
    def joins(self) -> bool:
        return self is not Assurance.CLAIMED


class Author(StrEnum):
    PARTICIPANT = "participant"
    AGENT = "agent"
    SYSTEM = "system"


ConversationId = Annotated[str, StringConstraints(pattern=r"^(chat|voice|web):[A-Za-z0-9_-]{8,64}$")]
"""`<channel>:<id>`; the prefix is the channel whose edge owns the conversation."""

CaseNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]
"""Ten digits without separators, the last one a Damm check digit; see `kawal.case_numbers`."""

TEXT_MAX = 10_000
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX)]


class Identity(Contract):
    """One fact that points at a person, as far as the edge could establish it.

    `value` is normalised by `kawal.identities`: E.164 for phones, lower case for e-mail addresses.
    """

    kind: IdentityKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    assurance: Assurance


class Attachment(Contract):
    """A claim check on an object in the vault; the bytes never travel."""

    vault_ref: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{8,80}$")]
    media_type: str
    size_bytes: Annotated[int, Field(ge=0)]
    name: Annotated[str, StringConstraints(max_length=255)] | None = None
    duration_s: Annotated[float, Field(ge=0)] | None = None
