"""What only supervisors may do: a handler asks for its `Supervisor`."""

from typing import Annotated

from fastapi import Depends

from ticket_core.api.auth import CurrentAgent
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import SupervisorsOnly
from ticket_core.store.saved_views import SUPERVISOR


async def _supervisor(agent: CurrentAgent) -> Agent:
    if SUPERVISOR not in agent.roles:
        raise SupervisorsOnly("Ask one of them")
    return agent


Supervisor = Annotated[Agent, Depends(_supervisor)]
