"""Agents say what a case waits for: the participant, a third party, or nobody any more."""

from collections.abc import Collection
from datetime import datetime

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case
from ticket_core.domain.entries import Entry, StateChanged
from ticket_core.domain.errors import UnknownReason
from ticket_core.domain.inputs import Hold, Pend, Resume, StateCommand
from ticket_core.domain.pen import Pen
from ticket_core.domain.policy import Policy
from ticket_core.domain.states import require_step


def decide_waiting(case: Case, given: StateCommand, *, policy: Policy, now: datetime) -> list[Entry]:
    """The case's new state; nothing when it is in it already, for the same reason.

    The participant is told nothing: what he should know or answer, the agent writes to him.

    Raises:
        IllegalStep: the case is over; the error's code names its state.
        UnknownReason: the programme has no such reason for putting a case on hold.
    """
    match given:
        case Pend():
            state, reason = CaseState.PENDING, None
        case Hold():
            state, reason = CaseState.ON_HOLD, known_reason(given.reason, policy.hold_reasons)
        case Resume():
            state, reason = CaseState.OPEN, None
    require_step(case, state)
    if (case.state, case.reason) == (state, reason):
        return []
    pen = Pen.on(case)
    pen.agent(StateChanged(reason=reason), at=now, agent=given.agent, state=state)
    return pen.entries


def known_reason(reason: str | None, known: Collection[str]) -> str | None:
    """`reason`, if it is one of `known` or none at all.

    Raises:
        UnknownReason: it is not.
    """
    if reason is not None and reason not in known:
        raise UnknownReason("See programme/reasons.yaml")
    return reason
