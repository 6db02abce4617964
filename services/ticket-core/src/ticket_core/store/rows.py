"""Between the domain's objects and the rows of the tables."""

import json
from typing import Any, get_args

from pydantic import TypeAdapter

from kawal.contracts.case_events import CaseState
from kawal.contracts.words import Assurance, Author, Channel, Identity, IdentityKind, Locale
from ticket_core.domain.case import Case, Conversation, Fact, Merged, Participant, Ties
from ticket_core.domain.clocks import Clocks, Deadlines
from ticket_core.domain.entries import Entry, EntryFact
from ticket_core.domain.fields import FieldValue
from ticket_core.domain.kinds import EntryKind, Priority
from ticket_core.domain.timekeeping import deadlines
from ticket_core.store.bulk import Row, array_literal
from ticket_core.store.newer import Kept

_FACTS: dict[str, TypeAdapter[Any]] = {fact.kind: TypeAdapter(fact) for fact in get_args(EntryFact)}

PARTICIPANT = Participant._fields
PARTICIPANT_HIMSELF = PARTICIPANT[:5]
"""Without who else he is, which only agents change."""
FACT = Fact._fields
CONVERSATION = Conversation._fields
CASE = Case._fields
CASE_KEPT = (*CASE, *Deadlines._fields)
"""With what is kept besides, for lists and alarms."""
ENTRY = (
    "case_id",
    "seq",
    "kind",
    "at",
    "author",
    "author_id",
    "author_name",
    "channel",
    "conversation_id",
    "conversation_seq",
    "text",
    "state",
    "about",
    "payload",
    "clocks",
)
_IDENTITIES = CONVERSATION.index("identities")
_CHANNELS = CASE.index("channels")  # and behind them the aliases and what was heard
_TAGS = CASE.index("tags")  # and the reason, the fields and the merge behind them
_FIELDS = CASE.index("fields")
_TIES = CASE.index("ties")  # and the clocks, the last
_MERGED, _TIES_OF, _CLOCKS = Kept(Merged), Kept(Ties), Kept(Clocks)
_READ_AS_TEXT = frozenset(
    {
        "id",
        "participant_id",
        "assignee_id",
        "follow_up_of",
        "case_id",
        "last_case_id",
        "merged_into",
        "group_id",
        "payload",
        "identities",
        "fields",
        "merged",
        "incident_id",
        "ties",
        "clocks",
    }
)


def selected(columns: tuple[str, ...], *, table: str) -> str:
    """The columns of `table` as the `*_of` functions below read them: ids and JSON as text."""
    return ", ".join(
        f"{table}.{name}::text AS {name}" if name in _READ_AS_TEXT else f"{table}.{name}" for name in columns
    )


def participant_of(row: Any) -> Participant:
    id_, created_at, name, locale, *others = row
    return Participant(id_, created_at, name, Locale(locale), *others)


def fact_of(row: Any) -> Fact:
    key, kind, value, participant_id, assurance = row
    return Fact(key, IdentityKind(kind), value, participant_id, Assurance(assurance))


def conversation_row(conversation: Conversation) -> Row:
    identities = [(one.kind, one.value, one.assurance) for one in conversation.identities]
    return (*conversation[:_IDENTITIES], json.dumps(identities), *conversation[_IDENTITIES + 1 :])


def conversation_of(row: Any) -> Conversation:
    id_, channel, participant_id, locale, name, identities, case_id, last_seq, read_seq = row
    return Conversation(
        id_,
        Channel(channel),
        participant_id,
        Locale(locale),
        name,
        _identities_of(identities),
        case_id,
        last_seq,
        read_seq,
    )


def _identities_of(document: str) -> tuple[Identity, ...]:
    if document == "[]":
        return ()
    return tuple(
        Identity(kind=IdentityKind(kind), value=value, assurance=Assurance(assurance))
        for kind, value, assurance in json.loads(document)
    )


def case_row(case: Case) -> Row:
    """In the order of `CASE_KEPT`."""
    arrays = map(array_literal, (case.channels, case.aliases, case.heard))
    tags = array_literal(f'"{tag}"' for tag in case.tags)  # quoted: a tag may be `null`
    fields = json.dumps(dict(case.fields), ensure_ascii=False) if case.fields else "{}"
    return (
        *case[:_CHANNELS],
        *arrays,
        *case[_CHANNELS + 3 : _TAGS],
        tags,
        case.reason,
        fields,
        _MERGED.write(case.merged),
        *case[_TAGS + 4 : _TIES],
        _TIES_OF.write(case.ties),
        _CLOCKS.write(case.clocks),
        *deadlines(case),
    )


def case_of(row: Any) -> Case:
    found = Case._make(row)
    return found._replace(
        state=CaseState(found.state),
        priority=Priority(found.priority),
        last_kind=EntryKind(found.last_kind) if found.last_kind else None,
        channels=tuple(map(Channel, found.channels)),
        aliases=tuple(found.aliases),
        heard=tuple(found.heard),
        tags=tuple(found.tags),
        fields=_fields_of(row[_FIELDS]),
        merged=_MERGED.read(found.merged),  # type: ignore[arg-type]
        ties=_TIES_OF.read(found.ties),  # type: ignore[arg-type]
        clocks=_CLOCKS.read(found.clocks),  # type: ignore[arg-type]
    )


def _fields_of(document: str) -> tuple[tuple[str, FieldValue], ...]:
    return () if document == "{}" else tuple(sorted(json.loads(document).items()))


def entry_row(entry: Entry) -> Row:
    return (
        entry.case_id,
        entry.seq,
        entry.fact.kind,
        entry.at,
        entry.author,
        entry.author_id,
        entry.author_name,
        entry.channel,
        entry.conversation_id,
        entry.conversation_seq,
        entry.text,
        entry.state,
        entry.about,
        payload_of(entry.fact),
        _CLOCKS.write(entry.clocks),
    )


def entry_of(row: Any) -> Entry:
    (case_id, seq, kind, at, author, author_id, author_name, channel, conversation_id, conversation_seq) = row[:10]
    text, state, about, payload, clocks = row[10:15]
    return Entry(
        case_id=case_id,
        seq=seq,
        at=at,
        author=Author(author),
        fact=_FACTS[kind].validate_json(payload),
        author_id=author_id,
        author_name=author_name,
        channel=Channel(channel) if channel else None,
        conversation_id=conversation_id,
        conversation_seq=conversation_seq,
        text=text,
        state=CaseState(state) if state else None,
        about=about,
        clocks=_CLOCKS.read(clocks),
    )


def payload_of(fact: EntryFact) -> str:
    """What a fact says beyond the columns of its entry, as a JSON document."""
    document: bytes = _FACTS[fact.kind].dump_json(fact, exclude_defaults=True)
    return document.decode()
