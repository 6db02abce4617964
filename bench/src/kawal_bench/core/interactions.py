"""Interactions as the edges would have put them on Kafka, made from the lifelike conversations."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kawal.contracts.envelope import Envelope, KafkaMessage
from kawal.contracts.interactions import CallbackRequested, FormAnswer, FormSubmitted, Interaction, MessageReceived
from kawal.contracts.topics import INTERACTIONS
from kawal.contracts.words import Assurance, Channel, Identity, IdentityKind, Locale
from kawal.identities import routing_key
from kawal_bench.conversations import Contact, Person, contacts
from kawal_bench.seeding import Seeded

AT_ONCE = 2_000
"""So many conversations are under way at the same time; their lines come mixed."""
OLD_CONVERSATIONS = 0.1
"""How many begin in a conversation that was there before the run."""
SIGNED_IN, ANONYMOUS = 0.3, 0.4
"""Of the chats; the others typed a phone number."""
_SOURCES = {Channel.CHAT: "/chat-ingest", Channel.VOICE: "/voice-ingest", Channel.WEB: "/webform-ingest"}


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation that is under way."""

    contact: Contact
    conversation_id: str
    identities: tuple[Identity, ...]
    lines: Iterator[tuple[int, str]]


def messages(seed: int, *, count: int, numbers: Sequence[str], old_cases: int) -> list[KafkaMessage]:
    """`count` messages for the topic, the same for the same arguments but for their times.

    `numbers` are case numbers to tell participants; of the cases 0 to `old_cases` some go on.
    """
    rng = random.Random(seed)
    spare = iter(numbers)
    fresh = threads(seed, rng, old_cases=old_cases)
    under_way = [next(fresh) for _ in range(AT_ONCE)]
    made: list[KafkaMessage] = []
    while len(made) < count:
        place = rng.randrange(AT_ONCE)
        thread = under_way[place]
        line = next(thread.lines, None)
        if line is None:
            under_way[place] = next(fresh)
        else:
            made.append(_message(thread, *line, spare))
    return made


def threads(seed: int, rng: random.Random, *, old_cases: int) -> Iterator[Thread]:
    for serial, contact in enumerate(contacts(seed)):
        channel = contact.channel
        old = channel is Channel.CHAT and old_cases and rng.random() < OLD_CONVERSATIONS
        digest = hashlib.sha256(f"{seed}/{serial}".encode()).hexdigest()[:32]
        own_id = f"{channel}:{digest}"
        conversation_id = Seeded.conversation_id(rng.randrange(old_cases)) if old else own_id
        identities = () if old else tuple(_identities(contact.person, channel, rng))
        lines = ("",) if channel is Channel.VOICE else contact.lines
        yield Thread(contact, conversation_id, identities, iter(list(enumerate(lines))))


def _identities(person: Person, channel: Channel, rng: random.Random) -> Iterable[Identity]:
    phone = Identity(kind=IdentityKind.PHONE, value=person.phone, assurance=Assurance.CLAIMED)
    chance = rng.random()
    if chance < SIGNED_IN:
        proven = Assurance.POSSESSED
        yield Identity(kind=IdentityKind.PHONE, value=person.phone, assurance=proven)
        if channel is not Channel.VOICE:
            yield Identity(kind=IdentityKind.PARTICIPANT_NUMBER, value=person.number, assurance=proven)
            yield Identity(kind=IdentityKind.EMAIL, value=person.email, assurance=proven)
    elif channel is not Channel.CHAT or chance > SIGNED_IN + ANONYMOUS:
        yield phone


def _message(thread: Thread, place: int, line: str, spare: Iterator[str]) -> KafkaMessage:
    now = datetime.now(UTC)
    data = _interaction(thread, place, line, reference=None if place else next(spare), now=now)
    envelope = Envelope(
        id=f"{thread.conversation_id}/{place}/{thread.contact.person.number}",
        source=_SOURCES[thread.contact.channel],
        type=f"kawal.interaction.{data.kind}.v1",
        time=now,
        partition_key=routing_key(thread.conversation_id, thread.identities),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return envelope.message(topic=INTERACTIONS.name, data=data.model_dump_json(exclude_none=True).encode())


def _interaction(thread: Thread, place: int, line: str, *, reference: str | None, now: datetime) -> Interaction:
    contact = thread.contact
    shared = {
        "conversation_id": thread.conversation_id,
        "channel": contact.channel,
        "occurred_at": now,
        "locale": Locale(contact.person.locale),
        "identities": thread.identities,
        "name": contact.person.name,
        "reference": reference,
    }
    if contact.channel is Channel.VOICE:
        return CallbackRequested(**shared, topic=contact.topic)
    if contact.channel is Channel.WEB and place == 0:
        answers = (
            FormAnswer(field="topic", label="Kendala Anda tentang apa?", value=contact.topic),
            FormAnswer(field="message", label="Ceritakan kendalanya", value=line),
        )
        return FormSubmitted(**shared, topic=contact.topic, form="complaint", answers=answers)
    return MessageReceived(**shared, text=line, client_id=f"{thread.conversation_id[-12:]}-{place}")
