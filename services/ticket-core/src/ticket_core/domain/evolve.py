"""What a case is after one more entry. Pure and total: folding a timeline again always gives the same case."""

from collections.abc import Iterable
from typing import Any

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Author
from ticket_core.domain.case import ACTIVE, Away, Case, Conversation, Link, Merged, Origin, mark
from ticket_core.domain.entries import (
    CONTRIBUTIONS,
    CaseAssigned,
    CaseOpened,
    ContentRepeated,
    ConversationRead,
    DeliveryNoted,
    Entry,
    FieldsChanged,
    IdentityLinked,
    IdentityUnlinked,
    IncidentChanged,
    MessageWritten,
    NumberAdded,
    PersonMerged,
    PersonUnmerged,
    PriorityChanged,
    SlaBreached,
    SlaChanged,
    SlaWarned,
    StateChanged,
    TagsChanged,
    TopicChanged,
    UpdateTold,
)
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.fingerprint import MOST_HEARD, Heard, fingerprint, longer_gist, statement
from ticket_core.domain.kinds import Relation
from ticket_core.domain.pair_entries import (
    CaseAbsorbed,
    CaseLinked,
    CaseMerged,
    CaseReleased,
    CaseUnlinked,
    EntriesMoved,
    EntriesReturned,
    MergeUndone,
    SplitOff,
    SplitUndone,
)

SUBJECT_LENGTH = 120
SNIPPET_LENGTH = 160
_SILENT = (
    DeliveryNoted,
    ConversationRead,
    NumberAdded,
    ContentRepeated,
    CaseMerged,
    CaseAbsorbed,
    MergeUndone,
    CaseReleased,
    CaseLinked,
    CaseUnlinked,
    EntriesMoved,
    SplitOff,
    EntriesReturned,
    SplitUndone,
    IdentityLinked,
    IdentityUnlinked,
    PersonMerged,
    PersonUnmerged,
    SlaWarned,
    SlaBreached,
    SlaChanged,
)


def fold(entries: Iterable[Entry]) -> Case:
    """The case that a whole timeline, in order, adds up to."""
    case: Case | None = None
    for entry in entries:
        case = evolve(case, entry)
    if case is None:
        raise ValueError("a timeline has at least one entry")
    return case


def evolve(case: Case | None, entry: Entry) -> Case:
    """The case after `entry`; the first entry of a timeline is its `CaseOpened`."""
    if case is None:
        return _opened(entry)
    changes: dict[str, Any] = {"last_seq": entry.seq}
    if not isinstance(entry.fact, _SILENT):
        changes["activity_at"] = max(case.activity_at, entry.at)
    if isinstance(entry.fact, CONTRIBUTIONS):
        changes |= _contributed(case, entry)
    else:
        changes |= _administered(case, entry)
    if entry.state is not None:
        changes |= _moved(case, entry)
    if entry.clocks is not None:
        changes["clocks"] = entry.clocks
    return case._replace(**changes)


def evolve_conversation(conversation: Conversation, entry: Entry) -> Conversation:
    """The conversation after `entry`, one of its own. Whoever speaks moves it to the case that he speaks in."""
    changes: dict[str, Any] = {}
    if entry.conversation_seq is not None:
        changes["last_seq"] = entry.conversation_seq
        # Of a copy, the place in the conversation is its original's.
        if entry.author is Author.PARTICIPANT and isinstance(entry.fact, CONTRIBUTIONS):
            changes["case_id"] = entry.case_id
    if isinstance(entry.fact, ConversationRead):
        changes["read_seq"] = entry.fact.up_to
    return conversation._replace(**changes) if changes else conversation


def advance(case: Case, conversation: Conversation, entries: Iterable[Entry]) -> tuple[Case, Conversation]:
    """Both after some entries of the case."""
    for entry in entries:
        case = evolve(case, entry)
        if entry.conversation_id == conversation.id:
            conversation = evolve_conversation(conversation, entry)
    return case, conversation


def _opened(entry: Entry) -> Case:
    opened = entry.fact
    if not isinstance(opened, CaseOpened):
        raise TypeError(f"a timeline cannot begin with {opened.kind}")
    return Case(
        id=entry.case_id,
        number=opened.number,
        participant_id=opened.participant_id,
        opened_at=entry.at,
        activity_at=entry.at,
        topic=opened.topic,
        follow_up_of=opened.follow_up_of,
        conversation_id=entry.conversation_id,
        last_seq=entry.seq,
        clocks=entry.clocks,
    )


def _contributed(case: Case, entry: Entry) -> dict[str, Any]:
    changes: dict[str, Any] = {"last_kind": entry.fact.kind, "snippet": _line(entry.text, SNIPPET_LENGTH)}
    if not case.subject and entry.text:
        changes["subject"] = _line(entry.text, SUBJECT_LENGTH)
    if entry.author is not Author.PARTICIPANT:
        return changes | {"waiting_since": None}
    changes |= {"conversation_id": entry.conversation_id, "waiting_since": case.waiting_since or entry.at}
    if entry.channel is not None and entry.channel not in case.channels:
        changes["channels"] = (*case.channels, entry.channel)
    if case.away:
        changes["ties"] = case.tied(away=tuple(_spoken_here(away, entry.conversation_id) for away in case.away))
    return changes | _known_by(case, entry)


def _spoken_here(away: Away, conversation_id: str | None) -> Away:
    return away._replace(conversations=tuple(one for one in away.conversations if one != conversation_id))


def _known_by(case: Case, entry: Entry) -> dict[str, Any]:
    said = statement(entry.fact, entry.text)
    found = fingerprint(said) if said else None
    changes: dict[str, Any] = {"gist": longer_gist(case.gist, said)}
    # "Here is the proof" is said with each of several pictures.
    if found and not (isinstance(entry.fact, MessageWritten) and entry.fact.attachments):
        mark = Heard(entry.seq, int(entry.at.timestamp()), found).mark
        changes["heard"] = (*case.heard, mark)[-MOST_HEARD:]
    return changes


def _administered(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case CaseAssigned(assignee_id=assignee_id):
            return {"assignee_id": assignee_id}
        case TopicChanged(topic=topic):
            return {"topic": topic}
        case NumberAdded(number=number):
            return {"aliases": (*case.aliases, number)}
        case _:
            return _detailed(case, entry)


def _detailed(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case PriorityChanged(priority=priority):
            return {"priority": priority}
        case TagsChanged(tags=tags):
            return {"tags": tags}
        case FieldsChanged(values=values):
            return {"fields": _written_down(case, values)}
        case IncidentChanged(incident_id=incident_id):
            return {"incident_id": incident_id}
        case UpdateTold(incident_id=incident_id, update=update):
            return {"told_update": mark(incident_id, update)}
        case _:
            return _joined(case, entry)


def _joined(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case PersonUnmerged(answer_in=str(answer_in)):
            return {"conversation_id": answer_in}
        case CaseAbsorbed(numbers=numbers):
            return {"aliases": (*case.aliases, *numbers)}
        case CaseReleased(numbers=numbers):
            return {"aliases": tuple(alias for alias in case.aliases if alias not in numbers)}
        case _:
            return _tied(case, entry)


def _tied(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case CaseLinked(relation=relation, case_id=case_id):
            return {"ties": case.tied(links=(*case.links, Link(relation, case_id)))}
        case CaseUnlinked(relation=relation, case_id=case_id):
            followed = relation is Relation.PREDECESSOR and case.follow_up_of == case_id
            links = tuple(link for link in case.links if link != (relation, case_id))
            return {"ties": case.tied(links=links)} | ({"follow_up_of": None} if followed else {})
        case _:
            return _split(case, entry)


def _split(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case EntriesMoved() as moved:
            woke = entry.state is not None
            away = Away(moved.case_id, moved.number, moved.seqs, moved.conversations, woke)
            return moved.said._asdict() | {"ties": case.tied(away=(*case.away, away))}
        case EntriesReturned(case_id=case_id, numbers=numbers, said=said):
            away_still = tuple(away for away in case.away if away.case_id != case_id)
            return said._asdict() | {"ties": case.tied(away=away_still), "aliases": (*case.aliases, *numbers)}
        case SplitOff(from_id=from_id):
            return {"ties": case.tied(origin=Origin(from_id))}
        case SplitUndone(into_id=into_id):
            return {"ties": case.tied(origin=Origin(into_id, back=True))}
        case _:
            return {}


def _written_down(case: Case, values: dict[str, FieldValue | None]) -> tuple[tuple[str, FieldValue], ...]:
    after = dict(case.fields) | values
    return tuple(sorted((key, value) for key, value in after.items() if value is not None))


def _moved(case: Case, entry: Entry) -> dict[str, Any]:
    match entry.fact:
        case CaseMerged(into_id=into_id) | SplitUndone(into_id=into_id):
            before = Merged(into_id, case.state, case.reason, case.resolved_at, case.close_at, case.waiting_since)
            over = case.resolved_at or entry.at
            return {
                "state": entry.state,
                "resolved_at": over,
                "close_at": None,
                "waiting_since": None,
                "merged": before,
            }
        case MergeUndone() if case.merged is not None:
            _, *before_it = case.merged
            return dict(zip(Merged._fields[1:], before_it, strict=True)) | {"merged": None}
        case _:
            return _stepped(case, entry)


def _stepped(case: Case, entry: Entry) -> dict[str, Any]:
    reason = entry.fact.reason if isinstance(entry.fact, StateChanged) else None
    if entry.state is CaseState.CLOSED:
        reason = case.reason  # how it was resolved stays true
    changes: dict[str, Any] = {"state": entry.state, "close_at": None, "reason": reason}
    if entry.state in ACTIVE:
        return changes | {"resolved_at": None}
    if entry.state is CaseState.RESOLVED:
        changes |= {"resolved_at": entry.at, "waiting_since": None}
    if isinstance(entry.fact, StateChanged):
        changes["close_at"] = entry.fact.close_at
    return changes


def _line(text: str, length: int) -> str:
    """The beginning of a text, as one line."""
    return " ".join(text[: 2 * length].split())[:length]
