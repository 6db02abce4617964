"""People, interactions and commands with sensible values; a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from kawal.contracts.deliveries import DeliveryReported, DeliveryState
from kawal.contracts.interactions import (
    CallbackRequested,
    FormAnswer,
    FormSubmitted,
    Interaction,
    KeyPress,
    MessageReceived,
    MessagesRead,
    VoicemailLeft,
)
from kawal.contracts.words import Assurance, Attachment, Channel, Identity, IdentityKind, Locale
from ticket_core.domain.case import Agent, Case
from ticket_core.domain.fields import FieldKind, FieldRule
from ticket_core.domain.fold import Applied, Fold, Skipped
from ticket_core.domain.inputs import Contact, DeliveryReport, Input
from ticket_core.domain.numbers import NumberSpace
from ticket_core.domain.persons import PersonChanged
from ticket_core.domain.policy import Policy
from ticket_core.domain.world import World

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
BUDI = Agent("0198f2c0-0000-7000-8000-0000000000b1", "Budi")
DEWI = Agent("0198f2c0-0000-7000-8000-0000000000d1", "Dewi")
PHONE = "+6281234567890"
CHAT, VOICE, WEB = "chat:aaaaaaaa", "voice:bbbbbbbb", "web:cccccccc"
SPACE = NumberSpace("a key for tests")
PROGRAMME = Policy(
    hold_reasons=frozenset({"bank", "office"}),
    resolution_reasons=frozenset({"fixed", "explained"}),
    topics=frozenset({"account", "account.fraud", "payment", "training"}),
    fields={
        rule.key: rule
        for rule in (
            FieldRule(key="amount", kind=FieldKind.NUMBER),
            FieldRule(key="sure", kind=FieldKind.YES_NO),
            FieldRule(key="day", kind=FieldKind.DATE),
            FieldRule(key="remark", kind=FieldKind.TEXT),
            FieldRule(key="bank", kind=FieldKind.CHOICE, choices=frozenset({"bni", "ovo"})),
            FieldRule(key="voucher", kind=FieldKind.TEXT, topics=frozenset({"training", "account.fraud"})),
        )
    },
)
"""A policy with reasons, and one field of each kind."""

_events = count(1)


def number(index: int) -> str:
    """A valid case number."""
    return SPACE.number(1_000_000 + index)


def identity(
    value: str = PHONE, *, kind: IdentityKind = IdentityKind.PHONE, assurance: Assurance = Assurance.POSSESSED
) -> Identity:
    return Identity(kind=kind, value=value, assurance=assurance)


def claimed(value: str = PHONE, *, kind: IdentityKind = IdentityKind.PHONE) -> Identity:
    return identity(value, kind=kind, assurance=Assurance.CLAIMED)


def _basics(conversation: str, at: datetime) -> dict[str, Any]:
    return {
        "conversation_id": conversation,
        "channel": Channel(conversation.partition(":")[0]),
        "occurred_at": at,
        "locale": Locale.INDONESIAN,
    }


def message(text: str = "Halo", *, conversation: str = CHAT, at: datetime = NOW, **changes: Any) -> MessageReceived:
    return MessageReceived(**_basics(conversation, at) | {"text": text} | changes)


def form(*answers: tuple[str, str], conversation: str = WEB, at: datetime = NOW, **changes: Any) -> FormSubmitted:
    given = answers or (("Masalah", "Insentif belum cair"),)
    fields = tuple(FormAnswer(field=label.lower(), label=label, value=value) for label, value in given)
    return FormSubmitted(**_basics(conversation, at) | {"form": "complaint", "answers": fields} | changes)


def recording(ref: str = "recording-1") -> Attachment:
    return Attachment(vault_ref=ref, media_type="audio/wav", size_bytes=8, duration_s=1.5)


def voicemail(*, conversation: str = VOICE, at: datetime = NOW, **changes: Any) -> VoicemailLeft:
    path = (KeyPress(menu="topic", choice="1"),)
    return VoicemailLeft(**_basics(conversation, at) | {"recording": recording(), "path": path} | changes)


def callback(*, conversation: str = VOICE, at: datetime = NOW, **changes: Any) -> CallbackRequested:
    return CallbackRequested(**_basics(conversation, at) | changes)


def read(seq: int, *, conversation: str = CHAT, at: datetime = NOW, **changes: Any) -> MessagesRead:
    return MessagesRead(**_basics(conversation, at) | {"seq": seq} | changes)


def contact(interaction: Interaction | None = None, *, event_id: str | None = None, **changes: Any) -> Contact:
    """An event of its own; further arguments are those of `message`."""
    return Contact("/edge", event_id or f"event-{next(_events)}", interaction or message(**changes))


def report(
    case_id: str,
    seq: int,
    state: DeliveryState = DeliveryState.DELIVERED,
    *,
    channel: Channel = Channel.CHAT,
    at: datetime = NOW,
) -> DeliveryReport:
    reported = DeliveryReported(
        delivery_id=f"{case_id}/{seq}/{channel}",
        case_id=case_id,
        case_number=number(0),
        case_seq=seq,
        conversation_id=CHAT,
        channel=channel,
        state=state,
        at=at,
    )
    return DeliveryReport("/notifier", f"event-{next(_events)}", reported)


class Desk:
    """The domain without a database: a world, and a clock that the test moves."""

    def __init__(self, *, policy: Policy | None = None) -> None:
        self.now = NOW
        self.policy = policy or Policy()
        self.world = World(spare_numbers=[number(index) for index in range(10_000, 11_000)])
        self._ids = count(1)

    def pass_time(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self._ids):012d}"

    def give(self, *inputs: Input) -> list[Applied | PersonChanged | Skipped]:
        """Let `inputs` happen, one after the other."""
        fold = Fold(self.world, policy=self.policy, now=self.now, new_id=self.new_id)
        return [fold.apply(given) for given in inputs]

    def one(self, given: Input) -> Applied:
        applied = self.give(given)[0]
        assert isinstance(applied, Applied)
        return applied

    def repeat(self, given: Contact) -> Applied | Skipped:
        """The event comes a second time."""
        return Fold(self.world, policy=self.policy, now=self.now, new_id=self.new_id).repeat(given)

    def hear(self, interaction: Interaction | None = None) -> Applied:
        return self.one(contact(interaction or message(at=self.now)))

    @property
    def cases(self) -> list[Case]:
        return sorted(self.world.cases.values(), key=lambda case: case.id)

    @property
    def people(self) -> list[str]:
        return sorted(self.world.participants)

    def kinds(self, case_id: str) -> list[str]:
        return [one.entry.fact.kind for one in self.world.changed.recorded if one.entry.case_id == case_id]
