"""A case and the incident that it is one of: many cases, one cause."""

from datetime import datetime

from ticket_core.domain.case import Case, Conversation
from ticket_core.domain.entries import Entry, IncidentChanged, UpdateTold
from ticket_core.domain.errors import InAnotherIncident, NotInIncident
from ticket_core.domain.inputs import IncidentCommand, JoinIncident, LeaveIncident, TellUpdate
from ticket_core.domain.pen import Pen


def decide_incident(
    case: Case, given: IncidentCommand, *, conversation: Conversation | None, now: datetime
) -> list[Entry]:
    """One entry; nothing when it changes nothing, or was told before.

    Raises:
        InAnotherIncident: a case has one cause; it must leave the other incident first.
        NotInIncident: the case has left meanwhile, or was never in it.
    """
    match given:
        case JoinIncident():
            return _join(case, given, now)
        case LeaveIncident():
            return _leave(case, given, now)
        case TellUpdate():
            return _tell(case, given, conversation, now)


def _join(case: Case, given: JoinIncident, now: datetime) -> list[Entry]:
    if case.incident_id == given.incident_id:
        return []
    if case.incident_id is not None:
        raise InAnotherIncident("Let it leave that one first")
    pen = Pen.on(case)
    pen.agent(IncidentChanged(given.incident_id, dict(given.title)), at=now, agent=given.agent)
    return pen.entries


def _leave(case: Case, given: LeaveIncident, now: datetime) -> list[Entry]:
    if case.incident_id != given.incident_id:
        raise NotInIncident("There is nothing to leave")
    pen = Pen.on(case)
    pen.agent(IncidentChanged(None, dict(given.title)), at=now, agent=given.agent)
    return pen.entries


def _tell(case: Case, given: TellUpdate, conversation: Conversation | None, now: datetime) -> list[Entry]:
    if case.incident_id != given.incident_id:
        raise NotInIncident("It has left the incident meanwhile")
    if conversation is None or was_told(case, given.incident_id, given.update):
        return []
    pen = Pen.on(case, conversation=conversation)
    told = UpdateTold(given.incident_id, given.update)
    pen.agent(told, at=now, agent=given.agent, text=given.texts[conversation.locale], visible=True)
    return pen.entries


def was_told(case: Case, incident_id: str, update: int) -> bool:
    """Whether this update, or a later one of the same incident, was told already."""
    known, _, number = (case.told_update or "").rpartition(":")
    return known == incident_id and int(number) >= update
