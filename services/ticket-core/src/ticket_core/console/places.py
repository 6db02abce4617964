"""The places of the navigation: each is a list of cases."""

from dataclasses import dataclass
from enum import StrEnum

from kawal.contracts.case_events import CaseState
from ticket_core.domain.case import ACTIVE, Agent
from ticket_core.store.filters import CaseFilter
from ticket_core.store.views import CaseSummary

TO_DO = tuple(sorted(ACTIVE - {CaseState.PENDING}))
"""The states in which it is not the participant's turn."""


class Place(StrEnum):
    """In the order in which they are shown. `OPEN` is what somebody has to do something about."""

    OPEN = "open"
    PENDING = "pending"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    RESOLVED = "resolved"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Looking:
    """What an agent has asked to see: a place, and what was typed into the search box."""

    place: Place
    q: str
    agent: Agent

    @property
    def filter(self) -> CaseFilter:
        q = self.q or None
        match self.place:
            case Place.OPEN:
                return CaseFilter(active=True, states=TO_DO, q=q)
            case Place.PENDING:
                return CaseFilter(active=True, states=(CaseState.PENDING,), q=q)
            case Place.MINE:
                return CaseFilter(active=True, assignee_id=self.agent.id, q=q)
            case Place.UNASSIGNED:
                return CaseFilter(active=True, unassigned=True, q=q)
            case Place.RESOLVED:
                return CaseFilter(states=("resolved",), q=q)
            case Place.ALL:
                return CaseFilter(q=q)

    def shows(self, case: CaseSummary) -> bool:
        """Whether a case that just changed belongs into this list. A search stands still: it is asked again."""
        return not self.q and self._holds(case)

    def _holds(self, case: CaseSummary) -> bool:
        active = case.state in ACTIVE
        match self.place:
            case Place.OPEN:
                return case.state in TO_DO
            case Place.PENDING:
                return case.state == CaseState.PENDING
            case Place.MINE:
                return active and case.assignee_id == self.agent.id
            case Place.UNASSIGNED:
                return active and case.assignee_id is None
            case Place.RESOLVED:
                return case.state == "resolved"
            case Place.ALL:
                return True
