"""`/v1/cases/{number}/…`: do something with a case."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from kawal.contracts.words import ConversationId
from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.api.answers import problems
from ticket_core.api.asking import Asked, AtDesk, Body, NoBody, done
from ticket_core.api.desk import Desk
from ticket_core.api.filters import MINE
from ticket_core.domain.case import Agent
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import Assign, ChangeTopic, Reopen, Reply, Resolve

router = APIRouter(
    prefix="/v1/cases/{number}", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 412, 422, 503)
)


class ReplyBody(Body):
    """Without `conversation_id` it goes to where the participant spoke last."""

    text: Annotated[Prose, Field(min_length=1, max_length=10_000)]
    conversation_id: ConversationId | None = None


class AssignBody(Body):
    """An agent's id, `me`, or null to give the case back."""

    assignee_id: UUID | Literal["me"] | None


class TopicBody(Body):
    """A key of `programme/topics.yaml`, or null."""

    topic: Annotated[Line, Field(min_length=1, max_length=64)] | None


class ResolveBody(Body):
    """A key of the list `resolution` of `programme/reasons.yaml`, or null."""

    reason: Annotated[Line, Field(min_length=1, max_length=64)] | None = None


@router.post("/replies", status_code=201, response_model=Applied)
async def reply(body: ReplyBody, desk: AtDesk, asked: Asked) -> Response:
    """Answer the participant. `seq` is the place of the answer in the timeline."""
    command = Reply(
        **asked,
        text=body.text,
        conversation_id=body.conversation_id,
    )
    return await done(desk, command, status=201)


@router.post("/assign", response_model=Applied)
async def assign(body: AssignBody, desk: AtDesk, asked: Asked) -> Response:
    """Give the case to an agent, or back."""
    assignee = await named_assignee(desk, body.assignee_id, asked["agent"])
    command = Assign(**asked, assignee=assignee)
    return await done(desk, command)


@router.post("/resolve", response_model=Applied)
async def resolve(desk: AtDesk, asked: Asked, body: ResolveBody | None = None) -> Response:
    """The problem is solved; the participant is told, but not the reason."""
    command = Resolve(
        **asked,
        reason=body.reason if body else None,
    )
    return await done(desk, command)


@router.post("/reopen", response_model=Applied)
async def reopen(desk: AtDesk, asked: Asked, _body: NoBody | None = None) -> Response:
    """It was not solved after all; the participant is told."""
    command = Reopen(**asked)
    return await done(desk, command)


@router.post("/topic", response_model=Applied)
async def change_topic(body: TopicBody, desk: AtDesk, asked: Asked) -> Response:
    """Say what the case is about."""
    command = ChangeTopic(**asked, topic=body.topic)
    return await done(desk, command)


async def named_assignee(desk: Desk, wanted: UUID | Literal["me"] | None, agent: Agent) -> Agent | None:
    """Whom an `AssignBody` means.

    Raises:
        AgentNotFound: nobody who works here.
    """
    if wanted is None:
        return None
    return await desk.agents.get(agent.id if wanted == MINE else str(wanted))
