"""What the hotline and the dialler need from outside; adapters and stores provide it, fakes do in tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kawal.contracts.deliveries import DeliveryState
from kawal.contracts.words import Attachment
from voice_ingest.domain.calls import CallStatus, PlannedCall
from voice_ingest.domain.events import CallFacts, PendingVoicemail
from voice_ingest.domain.machine import Action, Say


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """A call as the provider tells of it."""

    call_id: str
    status: CallStatus
    to: str
    from_: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DueVoicemail:
    """A recording to fetch now; `attempts` were in vain so far."""

    pending: PendingVoicemail
    attempts: int
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Media:
    """A recording's bytes as the provider handed them over."""

    data: bytes
    media_type: str


class Signatures(Protocol):
    def genuine(self, url: str, fields: Mapping[str, str], signature: str) -> bool:
        """Whether the provider itself sent `fields` to exactly `url`."""


class Renderer(Protocol):
    """Puts actions into the provider's words; each wait leads back to one of the URLs."""

    def render(self, actions: Sequence[Action], *, input_url: str, recording_url: str = "") -> bytes: ...

    def hold(self, say: Say, *, seconds: int, url: str) -> bytes:
        """Keep the caller on the line for a moment, then ask `url` again."""


class Texts(Protocol):
    async def send_text(self, *, to: str, text: str) -> None:
        """Hand a text to the provider.

        Raises:
            TransientError: the provider is away, or whether it took the text is unknown.
            PermanentError: the provider refused it.
        """


class Recordings(Protocol):
    async def fetch(self, url: str) -> Media:
        """Download a recording.

        Raises:
            TransientError: not ready yet, or the provider is away or not itself.
            PermanentError: not a recording of this provider, or too large.
        """

    async def delete(self, url: str) -> None:
        """Delete the provider's copy; a recording that is gone already is no error. Raises as `fetch` does."""


class Calls(Protocol):
    """The provider's calls; each may raise `TransientError` (unknown outcome) or `PermanentError` (refused)."""

    async def place(self, *, to: str, answer_url: str, status_url: str) -> str: ...

    async def find(self, *, to: str, since: datetime) -> Sequence[ProviderCall]:
        """The calls that we placed to `to` since `since`, oldest first."""

    async def status(self, call_id: str) -> CallStatus | None: ...


class Numbers(Protocol):
    def take(self) -> str | None:
        """A leased case number, or `None` when none is left."""

    def give_back(self, number: str) -> None:
        """Nobody has heard it after all."""


class VoicemailQueue(Protocol):
    """Accepted voicemails whose recordings are still to be fetched; see `store.journal`."""

    async def due(self, *, now: datetime, limit: int) -> Sequence[DueVoicemail]: ...

    async def next_due(self) -> float | None:
        """Unix time at which the next one is due, `None` when none waits."""

    async def put_off(self, recording_id: str, *, until: datetime) -> None: ...

    async def update(self, pending: PendingVoicemail) -> None: ...

    async def done(self, pending: PendingVoicemail) -> None: ...

    async def forget_answers(self, *, now: datetime) -> None: ...


class RecordingVault(Protocol):
    async def put(
        self, data: bytes, *, media_type: str, duration_s: float | None = None, once: str | None = None
    ) -> Attachment:
        """Encrypt and keep; the claim check travels in events. The same `once` again takes the place of the first.

        Raises `TransientError` while it is away.
        """


class VoicemailSink(Protocol):
    """What becomes of a voicemail: an event with its recording, or a wish to be called back until it comes.

    Both are durable when they return, the same event when told twice, and note in the journal that they were.
    """

    async def tell_voicemail(self, pending: PendingVoicemail, recording: Attachment) -> PendingVoicemail: ...

    async def call_back(self, pending: PendingVoicemail) -> PendingVoicemail:
        """Under the number that the caller heard."""


class Readings(Protocol):
    """What an answered call reads out; see `store.calls`. Raises `TransientError` while the store is away."""

    async def reading(self, delivery_id: str, *, attempt: int, call_id: str) -> PlannedCall | None:
        """The delivery of this call, which is hereby known to exist; `None` when it is over."""

    async def was_heard(self, delivery_id: str) -> None: ...


class CallEnds(Protocol):
    async def ended(self, delivery_id: str, *, attempt: int, call_id: str, status: CallStatus) -> None:
        """A call is over: report it or plan the next attempt. The second time it changes nothing."""


class PlannedCalls(Readings, Protocol):
    """All that the dialler needs of the store; each method is one transaction."""

    async def claim(self, *, limit: int, now: datetime, lease: timedelta) -> Sequence[PlannedCall]:
        """Due deliveries, each now one attempt further and `placing`; never two calls to one number at once.

        `limit` is how many calls may be going on, those of other replicas included.
        """

    async def going_on(self, delivery_id: str) -> PlannedCall | None:
        """The delivery, if a call of it is `placing` or `placed`."""

    async def placed(self, delivery_id: str, *, attempt: int, call_id: str, check_at: datetime) -> None: ...

    async def lapsed(self, *, now: datetime, lease: timedelta) -> Sequence[PlannedCall]:
        """Calls of which nothing was heard in time, taken over for another lease."""

    async def call_ids(self, to: str) -> frozenset[str]:
        """Every call to this number that we know of."""

    async def requeue(self, seen: PlannedCall, *, attempt: int, at: datetime) -> None:
        """Back into the queue with `attempt` attempts made; not when more than `seen` has happened meanwhile."""

    async def finish(self, delivery_id: str, *, outcome: str) -> None:
        """The delivery is over; its text is forgotten."""


class Intake(Protocol):
    """Makes what callers leave durable; see `store.intake`."""

    def take_number(self) -> str | None: ...

    def give_back(self, number: str | None) -> None:
        """What the number was taken for was refused."""

    async def answered(self, key: str) -> bytes | None:
        """What was answered to this turn before, when it had an effect."""

    async def keep_answer(self, key: str, body: bytes, *, now: datetime) -> None: ...

    async def accept_callback(self, facts: CallFacts, *, key: str, body: bytes) -> bytes:
        """The answer to give: `body`, or the one of an earlier delivery of the same turn."""

    async def accept_voicemail(self, pending: PendingVoicemail, *, key: str, body: bytes, now: datetime) -> None: ...


class Reports(Protocol):
    async def report(self, call: PlannedCall, *, state: DeliveryState, detail: str | None = None) -> None:
        """Tell what became of a delivery; durable when this returns, and the same event when told twice."""
