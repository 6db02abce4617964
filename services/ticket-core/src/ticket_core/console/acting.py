"""What an agent does to a case. Each answers with the part that changed; without script, with the case again."""

import hashlib
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http import Prose
from kawal.observability.tracing import current_traceparent
from ticket_core.console.desk_pages import case_context
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import AgentNotFound, IdempotencyConflict
from ticket_core.domain.inputs import AgentCommand, Assign, ChangeTopic, Once, Reopen, Reply, Resolve
from ticket_core.store.queries import plain_number

router = APIRouter(prefix="/console/cases/{number}", include_in_schema=False)


@router.post("/replies")
async def reply(
    *,
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    number: str,
    text: Annotated[Prose, Form(min_length=1, max_length=10_000)],
    key: Annotated[str, Form(min_length=8, max_length=64)],
    conversation_id: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Answer. The form's key makes a double click one answer.

    After a refusal the text is still in the box, and the key with it: it may have gone out all the same.
    """
    fingerprint = hashlib.sha256(f"{number}\n{conversation_id}\n{text}".encode()).hexdigest()
    command = Reply(
        number=plain_number(number),
        agent=agent,
        once=Once(scope=agent.id, key=key, fingerprint=fingerprint),
        traceparent=current_traceparent(),
        text=text,
        conversation_id=conversation_id or None,
    )
    try:
        await console.desk.batcher.submit(command)
    except IdempotencyConflict as sent_before:
        return await _composer(request, console, agent, number, draft=text, problem=sent_before.code)
    except KawalError as refused:
        return await _composer(request, console, agent, number, draft=text, problem=refused.code, key=key)
    if by_htmx(request):
        return await _composer(request, console, agent, number)
    return back(number)


@router.post("/resolve")
async def resolve(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Response:
    command = Resolve(number=plain_number(number), agent=agent, traceparent=current_traceparent())
    return await done(request, console, agent, number, command)


@router.post("/reopen")
async def reopen(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Response:
    command = Reopen(number=plain_number(number), agent=agent, traceparent=current_traceparent())
    return await done(request, console, agent, number, command)


@router.post("/assign")
async def assign(
    *,
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    number: str,
    assignee_id: Annotated[UUID | Literal[""], Form()] = "",
) -> Response:
    """Give the case to somebody; to nobody when the field is empty."""
    try:
        assignee = await console.desk.agents.get(str(assignee_id)) if assignee_id else None
    except AgentNotFound as gone:
        return await _head(request, console, agent, number, problem=gone.code)
    command = Assign(number=plain_number(number), agent=agent, traceparent=current_traceparent(), assignee=assignee)
    return await done(request, console, agent, number, command)


@router.post("/topic")
async def change_topic(
    *,
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    number: str,
    topic: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    command = ChangeTopic(
        number=plain_number(number), agent=agent, traceparent=current_traceparent(), topic=topic or None
    )
    return await done(request, console, agent, number, command)


async def done(request: Request, console: Console, agent: Agent, number: str, command: AgentCommand) -> Response:
    """Do it; answered with the head of the case, which says what was refused."""
    problem = None
    try:
        await console.desk.batcher.submit(command)
    except KawalError as refused:
        problem = refused.code
    return await _head(request, console, agent, number, problem=problem)


async def _head(request: Request, console: Console, agent: Agent, number: str, *, problem: str | None) -> Response:
    if not by_htmx(request):
        return back(number)
    context = await case_context(console, number, agent)
    return console.response(request, "case_head.html", **context | {"problem": problem})


async def _composer(request: Request, console: Console, agent: Agent, number: str, **changes: str) -> Response:
    """The composer again; `changes` is what differs from an empty one."""
    context = await case_context(console, number, agent)
    return console.response(request, "composer.html", **context | changes)


def back(number: str) -> Response:
    """To the case, for a browser without script."""
    return RedirectResponse(f"/console/cases/{quote(number)}", status_code=303)
