"""The states of a case, and the steps between them. Whatever moves a case asks here first."""

from typing import Final

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import Case
from ticket_core.domain.errors import CaseClosed, IllegalStep

STEPS: Final = {
    CaseState.NEW: frozenset({CaseState.OPEN, CaseState.PENDING, CaseState.ON_HOLD, CaseState.RESOLVED}),
    CaseState.OPEN: frozenset({CaseState.PENDING, CaseState.ON_HOLD, CaseState.RESOLVED}),
    CaseState.PENDING: frozenset({CaseState.OPEN, CaseState.ON_HOLD, CaseState.RESOLVED}),
    CaseState.ON_HOLD: frozenset({CaseState.OPEN, CaseState.PENDING, CaseState.RESOLVED}),
    CaseState.RESOLVED: frozenset({CaseState.OPEN, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset(),
}
"""From each state, those that it can be left for. Nothing leaves `closed`: a new message opens a follow-up."""


def require_step(case: Case, to: CaseState) -> None:
    """Let a case go to the state `to`, or stay in it.

    Raises:
        CaseClosed: nothing can be done with it any more.
        IllegalStep: not from the state it is in; the error's code names that state.
    """
    if case.state is CaseState.CLOSED:
        raise CaseClosed("Open a new case that follows it")
    if to is not case.state and to not in STEPS[case.state]:
        raise IllegalStep(case.state, to)
