"""Who works here, as far as rules can name people and teams."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound


@dataclass(frozen=True, slots=True)
class Member:
    """`load` is how many active cases are his."""

    agent: Agent
    email: str
    teams: frozenset[str] = frozenset()
    available: bool = False
    load: int = 0


class Roster:
    """Counts whom it has named for a team, so that many cases at once go to several."""

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self._by_id = {one.agent.id: one for one in members}
        self._by_email = {one.email: one for one in self._by_id.values()}
        self._named = Counter[str]()

    @property
    def agents(self) -> list[Agent]:
        return [one.agent for one in self._by_id.values()]

    def agent(self, who: str) -> Agent:
        """The one with this id or address.

        Raises:
            AgentNotFound: nobody who works here.
        """
        found = self._by_id.get(who) or self._by_email.get(who.lower())
        if found is None:
            raise AgentNotFound("Nobody who works here has this id or address")
        return found.agent

    def names(self, agent_id: str) -> frozenset[str]:
        """How a rule may name him: his id, his address."""
        found = self._by_id.get(agent_id)
        return frozenset({agent_id, found.email} if found else {agent_id})

    def teams(self, agent_id: str) -> frozenset[str]:
        found = self._by_id.get(agent_id)
        return found.teams if found else frozenset()

    def of_team(self, team: str) -> Agent | None:
        """The one of the team who is available and has least to do; `None`, when nobody of it is there."""
        there = [one for one in self._by_id.values() if one.available and team in one.teams]
        if not there:
            return None
        least = min(there, key=lambda one: (one.load + self._named[one.agent.id], one.agent.id))
        self._named[least.agent.id] += 1
        return least.agent
