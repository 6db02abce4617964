"""From the acts of rules and macros to the commands that everybody gives."""

from collections.abc import Mapping
from dataclasses import dataclass

from kawal.contracts.case_events import CaseState
from ticket_core.domain.acts import Act, Answer, GiveTo, GiveToTeam, Move, Note, SetPriority, SetTopic, Tag, WriteDown
from ticket_core.domain.case import Agent, Case
from ticket_core.domain.inputs import (
    AgentCommand,
    Assign,
    ChangeTags,
    ChangeTopic,
    Hold,
    Pend,
    Prioritise,
    Reopen,
    Resolve,
    Resume,
    SetFields,
    StateCommand,
    WriteNote,
)
from ticket_core.domain.mentions import mentioned
from ticket_core.domain.placeholders import fill
from ticket_core.domain.roster import Roster

OrderOfState = StateCommand | Resolve | Reopen


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who acts, and what his texts are filled with."""

    agent: Agent
    roster: Roster
    values: Mapping[str, str]

    def command(self, act: Act, case: Case) -> AgentCommand | None:
        """What `act` means for `case`, if anything; answers are not commands of a rule.

        Raises:
            AgentNotFound: an agent who is named does not work here.
        """
        match act:
            case GiveTo() | GiveToTeam():
                return self._give(act, case)
            case Note(text=text):
                return self._note(text, case)
            case Move():
                return self._move(act, case)
            case Answer():
                raise TypeError("an answer is written by whoever knows the conversation")
            case _:
                return self._change(act, case)

    def _change(self, act: SetTopic | WriteDown | SetPriority | Tag, case: Case) -> AgentCommand:
        match act:
            case SetTopic(topic=topic):
                return ChangeTopic(number=case.number, agent=self.agent, topic=topic)
            case WriteDown(values=values):
                return SetFields(number=case.number, agent=self.agent, values=values)
            case SetPriority(priority=priority):
                return Prioritise(number=case.number, agent=self.agent, priority=priority)
            case Tag(add=add, remove=remove):
                return ChangeTags(number=case.number, agent=self.agent, add=add, remove=remove)

    def _give(self, act: GiveTo | GiveToTeam, case: Case) -> Assign | None:
        """A team keeps a case that one of its own has, and takes none while nobody of it is there."""
        if isinstance(act, GiveTo):
            to = self.roster.agent(act.who) if act.who is not None else None
            return Assign(number=case.number, agent=self.agent, assignee=to)
        if case.assignee_id is not None and act.team in self.roster.teams(case.assignee_id):
            return None
        member = self.roster.of_team(act.team)
        return Assign(number=case.number, agent=self.agent, assignee=member) if member else None

    def _note(self, text: str, case: Case) -> WriteNote:
        """Only its author calls anybody: a participant may have any name."""
        called = mentioned(text, agents=self.roster.agents)
        return WriteNote(number=case.number, agent=self.agent, text=fill(text, self.values), mentions=called)

    def _move(self, act: Move, case: Case) -> OrderOfState:
        match act.state:
            case CaseState.PENDING:
                return Pend(number=case.number, agent=self.agent)
            case CaseState.ON_HOLD:
                return Hold(number=case.number, agent=self.agent, reason=act.reason or "")
            case CaseState.RESOLVED:
                return Resolve(number=case.number, agent=self.agent, reason=act.reason)
            case _:
                back = Reopen if case.state is CaseState.RESOLVED else Resume
                return back(number=case.number, agent=self.agent)
