"""`/v1/participants` and `/v1/agents`: people."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from ticket_core.api.answers import answer, problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.store.agents import AgentView
from ticket_core.store.views import ParticipantView

router = APIRouter(prefix="/v1", tags=["people"], responses=problems(401))


@router.get("/participants/{participant_id}", response_model=ParticipantView, responses=problems(404))
async def get_participant(
    participant_id: str, desk: Annotated[Desk, Depends(desk_of)], _agent: CurrentAgent
) -> Response:
    """A participant: identities and how sure they are, cases, and who else it may be."""
    return answer(await desk.people.participant(participant_id))


@router.get("/agents", response_model=list[AgentView])
async def list_agents(desk: Annotated[Desk, Depends(desk_of)], _agent: CurrentAgent) -> Response:
    """Everybody who works here, to assign cases to."""
    return answer(await desk.agents.all())
