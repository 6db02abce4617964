"""From one case event to what is carried to the participant: pure, deterministic.

A conversation's own channel comes first. A web conversation is also told by e-mail when an address is known. A
call is answered by a call; when nobody picks up, by a text message, then by e-mail.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kawal.contracts.case_events import CaseChanged, CaseEvent, MessageAdded, NoticeAdded, QueueMoved
from kawal.contracts.outbound import OutboundCall, OutboundMessage, OutboundQueue
from kawal.contracts.words import TEXT_MAX, Author, Channel, IdentityKind
from notifier.domain.deliveries import Delivery, delivery_id
from notifier.domain.words import Words

ForParticipant = MessageAdded | NoticeAdded

FALLBACKS = {
    Channel.CHAT: (Channel.EMAIL, Channel.SMS),
    Channel.WEB: (),
    Channel.VOICE: (Channel.SMS, Channel.EMAIL),
    Channel.SMS: (Channel.EMAIL,),
    Channel.EMAIL: (),
}
_REACHED_BY = {
    Channel.EMAIL: IdentityKind.EMAIL,
    Channel.SMS: IdentityKind.PHONE,
    Channel.VOICE: IdentityKind.PHONE,
}


@dataclass(frozen=True, slots=True)
class Routed:
    """`transcript` and `place` are pushed to the edge that owns the conversation; `deliveries` are followed up.

    `unreached` is what would have been the first delivery, where the participant can be told in no way at all.
    """

    transcript: OutboundMessage | None
    deliveries: tuple[Delivery, ...]
    unreached: Delivery | None = None
    place: OutboundQueue | None = None


NOTHING = Routed(transcript=None, deliveries=())


class Router:
    """Routes case events. `link_of` gives the public address of a conversation's status page."""

    def __init__(self, *, words: Words, link_of: Callable[[str], str]) -> None:
        self._words = words
        self._link_of = link_of

    def route(self, event: CaseEvent, *, traceparent: str | None = None) -> Routed:
        if isinstance(event, CaseChanged):
            return NOTHING
        if isinstance(event, QueueMoved):
            return Routed(transcript=None, deliveries=(), place=_place(event))
        transcript = self._transcript(event) if _has_transcript(event) else None
        if isinstance(event, MessageAdded) and event.author is Author.PARTICIPANT:
            return Routed(transcript=transcript, deliveries=())
        chains = (_first_choice_then_fallbacks(event), _also_told(event))
        deliveries = tuple(
            delivery for chain in chains for delivery in self._chain(event, chain, traceparent=traceparent)
        )
        unreached = None if deliveries else self._delivery(event, chains[0][0], "", None, traceparent)
        return Routed(transcript=transcript, deliveries=deliveries, unreached=unreached)

    def _transcript(self, event: ForParticipant) -> OutboundMessage:
        message = event if isinstance(event, MessageAdded) else None
        channel = event.conversation.channel
        return OutboundMessage(
            delivery_id=delivery_id(case_id=event.case_id, seq=event.seq, channel=channel),
            conversation_id=event.conversation.conversation_id,
            case_id=event.case_id,
            case_number=event.case_number,
            case_seq=event.seq,
            locale=event.locale,
            message_id=event.message_id,
            seq=event.conversation.seq,
            author=message.author if message else Author.SYSTEM,
            author_name=message.author_name if message else None,
            text=self._plain(event),
            client_id=message.client_id if message else None,
            at=event.at,
            wants_receipt=not (message and message.author is Author.PARTICIPANT),
        )

    def _chain(
        self, event: ForParticipant, channels: tuple[Channel, ...], *, traceparent: str | None
    ) -> list[Delivery]:
        """Deliveries of which each waits for the failure of the one before it."""
        chain: list[Delivery] = []
        for channel in channels:
            address = _address(event, channel)
            if address is None:
                continue
            delivery = self._delivery(event, channel, address, chain[-1].id if chain else None, traceparent)
            if _can_be_carried(delivery):
                chain.append(delivery)
        return chain

    def _delivery(
        self,
        event: ForParticipant,
        channel: Channel,
        address: str,
        after: str | None,
        traceparent: str | None,
    ) -> Delivery:
        subject, text = self._wording(event, channel)
        return Delivery(
            id=delivery_id(case_id=event.case_id, seq=event.seq, channel=channel),
            case_id=event.case_id,
            case_number=event.case_number,
            case_seq=event.seq,
            conversation_id=event.conversation.conversation_id,
            channel=channel,
            address=address,
            locale=event.locale,
            subject=subject,
            text=text,
            after=after,
            traceparent=traceparent,
        )

    def _plain(self, event: ForParticipant) -> str:
        if isinstance(event, MessageAdded):
            return event.text
        return self._words.notice(event.template, locale=event.locale, case_number=event.case_number)

    def _wording(self, event: ForParticipant, channel: Channel) -> tuple[str, str]:
        """Subject (mails only) and text for a channel."""
        link = self._link_of(event.conversation.conversation_id)
        locale, number = event.locale, event.case_number
        match event, channel:
            case MessageAdded(), Channel.EMAIL:
                return self._words.answer_mail(event.text, locale=locale, case_number=number, link=link)
            case MessageAdded(), Channel.SMS:
                return "", self._words.answer_sms(event.text, locale=locale, case_number=number)
            case MessageAdded(), Channel.VOICE:
                return "", self._words.answer_spoken(event.text, locale=locale, case_number=number)
            case NoticeAdded(), Channel.EMAIL:
                return self._words.notice_mail(event.template, locale=locale, case_number=number, link=link)
            case NoticeAdded(), Channel.SMS:
                return "", self._words.notice_sms(event.template, locale=locale, case_number=number)
            case _:
                return "", self._plain(event)


def _place(event: QueueMoved) -> OutboundQueue:
    return OutboundQueue(
        conversation_id=event.conversation_id, position=event.position, wait_minutes=event.wait_minutes, at=event.at
    )


def _has_transcript(event: ForParticipant) -> bool:
    return event.conversation.channel in (Channel.CHAT, Channel.WEB)


def _first_choice_then_fallbacks(event: ForParticipant) -> tuple[Channel, ...]:
    """The conversation's own channel first. Notices are not worth a call: they are texted."""
    first = event.conversation.channel
    if first is Channel.VOICE and isinstance(event, NoticeAdded):
        first = Channel.SMS
    return (first, *FALLBACKS[first])


def _also_told(event: ForParticipant) -> tuple[Channel, ...]:
    """Nobody sits in front of a status page: it is announced by mail."""
    return (Channel.EMAIL,) if event.conversation.channel is Channel.WEB else ()


def _can_be_carried(delivery: Delivery) -> bool:
    """Nobody listens to a text that is longer than an order to call may be: he is told in writing."""
    return delivery.channel is not Channel.VOICE or len(delivery.text) <= TEXT_MAX


def _address(event: ForParticipant, channel: Channel) -> str | None:
    """Where to reach the participant of `event` on `channel`, the best proven first; `None`: he cannot be."""
    kind = _REACHED_BY.get(channel)
    if kind is None:
        return ""
    known = sorted((i for i in event.identities if i.kind is kind), key=lambda i: not i.assurance.joins)
    return known[0].value if known else None


def call_of(delivery: Delivery) -> OutboundCall:
    """The order to the voice edge that carries `delivery`."""
    return OutboundCall(
        delivery_id=delivery.id,
        conversation_id=delivery.conversation_id,
        case_id=delivery.case_id,
        case_number=delivery.case_number,
        case_seq=delivery.case_seq,
        locale=delivery.locale,
        to=delivery.address,
        text=delivery.text,
    )
