"""What agents write on a case, besides messages: notes, priority, tags, fields. The participant sees none of it."""

from datetime import datetime

from ticket_core.domain import fields, tags
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry, EntryFact, FieldsChanged, NoteWritten, PriorityChanged, TagsChanged
from ticket_core.domain.inputs import ChangeTags, DetailCommand, Prioritise, SetFields, WriteNote
from ticket_core.domain.pen import Pen
from ticket_core.domain.policy import Policy


def decide_detail(case: Case, given: DetailCommand, *, policy: Policy, now: datetime) -> list[Entry]:
    """One entry, outside of any conversation; nothing when it changes nothing.

    Raises:
        InvalidTag, TooManyTags: the tags cannot be kept.
        UnknownField, FieldNotForTopic, InvalidFieldValue: the values cannot be written down.
    """
    pen = Pen.on(case)
    if isinstance(given, WriteNote):
        pen.agent(NoteWritten(given.mentions), at=now, agent=given.agent, text=given.text)
    elif (fact := _changed(case, given, policy)) is not None:
        pen.agent(fact, at=now, agent=given.agent)
    return pen.entries


def _changed(case: Case, given: Prioritise | ChangeTags | SetFields, policy: Policy) -> EntryFact | None:
    match given:
        case Prioritise(priority=priority):
            return PriorityChanged(priority) if priority is not case.priority else None
        case ChangeTags():
            after = tags.changed(case.tags, add=given.add, remove=given.remove)
            return TagsChanged(after) if after != case.tags else None
        case SetFields():
            return _fields(case, given, policy)


def _fields(case: Case, given: SetFields, policy: Policy) -> EntryFact | None:
    known = dict(case.fields)
    values = fields.checked(given.values, rules=policy.fields, topic=case.topic)
    # By type as well: to Python, 1 and True are the same.
    news = {key: value for key, value in values.items() if (type(value), value) != (_type(known, key), known.get(key))}
    return FieldsChanged(news) if news else None


def _type(known: dict[str, fields.FieldValue], key: str) -> type:
    return type(known.get(key))
