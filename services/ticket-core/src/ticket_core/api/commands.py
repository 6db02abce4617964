"""`/v1/cases/{number}/…`: do something with a case."""

import hashlib
import json
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from kawal.contracts.words import ConversationId
from kawal.http import Prose
from kawal.http.idempotency import idempotency_key
from kawal.http.inputs import Line
from kawal.observability.tracing import current_traceparent
from ticket_core.api.answers import answer, problems
from ticket_core.api.auth import CurrentAgent
from ticket_core.api.desk import Desk, desk_of
from ticket_core.api.filters import MINE
from ticket_core.domain.case import Agent
from ticket_core.domain.fold import Applied
from ticket_core.domain.inputs import AgentCommand, Assign, ChangeTopic, Once, Reopen, Reply, Resolve
from ticket_core.store.queries import plain_number

router = APIRouter(
    prefix="/v1/cases/{number}", tags=["commands"], responses=problems(400, 401, 403, 404, 409, 422, 503)
)


class Body(BaseModel):
    """What a command is told; what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid")


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


class NoBody(Body):
    """Nothing to say."""


async def requested_once(request: Request, agent: CurrentAgent) -> Once | None:
    """The caller's `Idempotency-Key`, bound to what he asks for; without one, each request is a new command."""
    if "idempotency-key" not in request.headers:
        return None
    fingerprint = hashlib.sha256(f"{request.url.path}\n{_plain(await request.body())}".encode()).hexdigest()
    return Once(scope=agent.id, key=await idempotency_key(request), fingerprint=fingerprint)


def _plain(body: bytes) -> str:
    """`body` without what does not matter in JSON: spaces, and the order of members."""
    try:
        return json.dumps(json.loads(body or b"{}"), sort_keys=True, separators=(",", ":"))
    except ValueError:  # no JSON: a command that takes no body may still be given one, of any kind
        return body.hex()


Requested = Annotated[Once | None, Depends(requested_once)]
AtDesk = Annotated[Desk, Depends(desk_of)]


@router.post("/replies", status_code=201, response_model=Applied)
async def reply(number: str, body: ReplyBody, desk: AtDesk, agent: CurrentAgent, once: Requested) -> Response:
    """Answer the participant. `seq` is the place of the answer in the timeline."""
    command = Reply(
        number=plain_number(number),
        agent=agent,
        once=once,
        traceparent=current_traceparent(),
        text=body.text,
        conversation_id=body.conversation_id,
    )
    return await done(desk, command, status=201)


@router.post("/assign", response_model=Applied)
async def assign(number: str, body: AssignBody, desk: AtDesk, agent: CurrentAgent, once: Requested) -> Response:
    """Give the case to an agent, or back."""
    assignee = await _assignee(desk, body.assignee_id, agent)
    command = Assign(
        number=plain_number(number), agent=agent, once=once, traceparent=current_traceparent(), assignee=assignee
    )
    return await done(desk, command)


@router.post("/resolve", response_model=Applied)
async def resolve(
    number: str, desk: AtDesk, agent: CurrentAgent, once: Requested, body: ResolveBody | None = None
) -> Response:
    """The problem is solved; the participant is told, but not the reason."""
    command = Resolve(
        number=plain_number(number),
        agent=agent,
        once=once,
        traceparent=current_traceparent(),
        reason=body.reason if body else None,
    )
    return await done(desk, command)


@router.post("/reopen", response_model=Applied)
async def reopen(
    number: str, desk: AtDesk, agent: CurrentAgent, once: Requested, _body: NoBody | None = None
) -> Response:
    """It was not solved after all; the participant is told."""
    command = Reopen(number=plain_number(number), agent=agent, once=once, traceparent=current_traceparent())
    return await done(desk, command)


@router.post("/topic", response_model=Applied)
async def change_topic(number: str, body: TopicBody, desk: AtDesk, agent: CurrentAgent, once: Requested) -> Response:
    """Say what the case is about."""
    command = ChangeTopic(
        number=plain_number(number), agent=agent, once=once, traceparent=current_traceparent(), topic=body.topic
    )
    return await done(desk, command)


async def done(desk: Desk, command: AgentCommand, *, status: int = 200) -> Response:
    """Do it, and answer what became of the case."""
    return answer(await desk.batcher.submit(command), status=status)


async def _assignee(desk: Desk, wanted: UUID | Literal["me"] | None, agent: Agent) -> Agent | None:
    if wanted is None:
        return None
    return await desk.agents.get(agent.id if wanted == MINE else str(wanted))
