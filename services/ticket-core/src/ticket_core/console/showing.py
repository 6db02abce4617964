"""From what was read to what is shown: words, badges, and what belongs together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kawal.contracts.words import Locale
from kawal.programme import Topics
from ticket_core.adapters.rule_source import TagsSource
from ticket_core.domain.fingerprint import FEWEST_WORDS
from ticket_core.domain.inputs import GoesOn
from ticket_core.domain.kinds import Priority, Relation
from ticket_core.store.views import CaseView, ClockView, ConversationView, ParticipantView, TimelineItem

STATE_BADGES = {
    "new": "badge--accent",
    "open": "badge--warning",
    "pending": "",
    "on_hold": "",
    "resolved": "badge--success",
    "closed": "",
}
PRIORITIES = tuple(Priority)
RELATIONS = tuple(Relation)
GOES_ON = tuple(GoesOn)
HIDDEN = frozenset({"delivery", "read"})
"""Shown at the entry that they are about."""
CONTRIBUTIONS = frozenset({"message", "form", "voicemail", "callback", "notice", "automatic_answer", "update"})
SAID = frozenset({"message", "form", "voicemail", "callback", "note", "automatic_answer", "update"})
"""What has words of its own when it is told as news."""
NOWHERE = "nowhere"
_SAID = frozenset({"message", "form", "voicemail", "callback"})


@dataclass(frozen=True, slots=True)
class Waited:
    """How long, in the largest unit that fits; `key` is the text's."""

    key: str
    count: int


def waited(since: datetime, *, now: datetime) -> Waited:
    minutes = max(0, int((now - since).total_seconds() // 60))
    for key, size in (("days", 24 * 60), ("hours", 60)):
        if minutes >= size:
            return Waited(key, minutes // size)
    return Waited("minutes", minutes)


def next_due(case: CaseView) -> ClockView | None:
    """The clock that `due_at` is of."""
    running = (clock for clock in case.clocks if clock.state == "running")
    return next((clock for clock in running if clock.due_at == case.due_at), None) if case.due_at else None


def moment(written: str) -> datetime:
    """A moment as payloads have it."""
    return datetime.fromisoformat(written)


def rate(per_hour: float, *, locale: str) -> str:
    """How many an hour, as people say it: `0,3`, `31`."""
    if per_hour >= 10:
        return f"{per_hour:.0f}"
    written = f"{per_hour:.1f}".removesuffix(".0")
    return written.replace(".", ",") if locale == Locale.INDONESIAN else written


def own_words(answers: Sequence[str], *, topics: Topics) -> str:
    """The first answer of a form that the participant wrote himself, as far as that can be told from the answers.

    The names of topics are chosen from a menu; names, dates and numbers are short.
    """
    chosen = {topics.label(key, locale=locale) for key in topics for locale in Locale}
    written = [answer for answer in answers if answer not in chosen] or answers
    prose = (answer for answer in written if len(answer.split()) >= FEWEST_WORDS)
    return next(prose, None) or max(written, key=len, default="")


def called(participant: ParticipantView) -> str | None:
    """His name, or how he can be reached."""
    addresses = [one.value for kind in ("phone", "email") for one in participant.identities if one.kind == kind]
    return participant.name or next(iter(addresses), None)


def initials(name: str | None) -> str:
    """Two letters for the round picture of somebody without one."""
    words = (name or "?").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def visible(items: Sequence[TimelineItem]) -> list[TimelineItem]:
    return [item for item in items if item.kind not in HIDDEN]


def can_be_moved(item: TimelineItem) -> bool:
    """Whether it may become another case's: what people said, and is still here."""
    return item.kind in _SAID and item.moved_to is None


def told(item: TimelineItem) -> list[tuple[str, str]]:
    """Channel and state of each attempt to tell the participant, failures last so that they catch the eye."""
    return sorted(item.delivery.items(), key=lambda one: one[1] == "failed")


def way(conversation: ConversationView) -> str:
    """How an answer reaches the participant, as a text's key; the rules are notifier's (`domain/routing.py`)."""
    by_mail = "email" in conversation.identity_kinds
    match conversation.channel:
        case "voice" if "phone" not in conversation.identity_kinds:
            return "hidden_number" if by_mail else NOWHERE
        case "web" if by_mail:
            return "web_and_email"
        case channel:
            return channel


def answers_go_to(case: CaseView) -> ConversationView | None:
    """The conversation of the participant's last entry, or one where he hears an answer if he would not there."""
    heard = [conversation for conversation in case.conversations if way(conversation) != NOWHERE]
    for conversation in heard or case.conversations:
        if conversation.id == case.conversation_id:
            return conversation
    return heard[-1] if heard else None


def can_answer(case: CaseView) -> bool:
    to = answers_go_to(case)
    return to is not None and way(to) != NOWHERE and case.state != "closed"


def is_one_of_several(conversation: ConversationView, case: CaseView) -> bool:
    """Whether the participant has more conversations on this channel, so that the channel alone does not name it."""
    return sum(other.channel == conversation.channel for other in case.conversations) > 1


def tag_changes(tags: TagsSource) -> str:
    """What is put on, and what is taken off."""
    return ", ".join([*(f"+{tag}" for tag in tags.add), *(f"−{tag}" for tag in tags.remove)])  # noqa: RUF001


def topic_groups(topics: Topics, *, locale: Locale) -> list[tuple[str, list[tuple[str, str]]]]:
    """The topics of complaint for a menu: group label, then key and label of each."""
    return [
        (group.label.into(locale), [(group.key_of(topic), topic.label.into(locale)) for topic in group.topics])
        for group in topics.groups
    ]
