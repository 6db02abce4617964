"""What an agent says a case waits for, how urgent it is, and what he notes for colleagues."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from kawal.errors import KawalError
from kawal.http import Prose
from kawal.observability.tracing import current_traceparent
from ticket_core.api.life import called
from ticket_core.console.acting import back, done
from ticket_core.console.desk_pages import case_context
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent
from ticket_core.domain.entries import Priority
from ticket_core.domain.errors import IdempotencyConflict
from ticket_core.domain.inputs import Hold, Once, Pend, Prioritise, Resume, WriteNote
from ticket_core.store.queries import plain_number

router = APIRouter(prefix="/console/cases/{number}", include_in_schema=False)


@router.post("/pend")
async def pend(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Response:
    command = Pend(number=plain_number(number), agent=agent, traceparent=current_traceparent())
    return await done(request, console, agent, number, command)


@router.post("/resume")
async def resume(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Response:
    command = Resume(number=plain_number(number), agent=agent, traceparent=current_traceparent())
    return await done(request, console, agent, number, command)


@router.post("/hold")
async def hold(
    *,
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    number: str,
    reason: Annotated[str, Form(min_length=1, max_length=64)],
) -> Response:
    command = Hold(number=plain_number(number), agent=agent, traceparent=current_traceparent(), reason=reason)
    return await done(request, console, agent, number, command)


@router.post("/priority")
async def prioritise(
    *, request: Request, console: AtConsole, agent: SignedIn, number: str, priority: Annotated[Priority, Form()]
) -> Response:
    command = Prioritise(number=plain_number(number), agent=agent, traceparent=current_traceparent(), priority=priority)
    return await done(request, console, agent, number, command)


@router.post("/notes")
async def write_note(
    *,
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    number: str,
    text: Annotated[Prose, Form(min_length=1, max_length=10_000)],
    key: Annotated[str, Form(min_length=8, max_length=64)],
) -> Response:
    """Note something. The form's key makes a double click one note; what was refused is still in the box."""
    command = WriteNote(
        number=plain_number(number),
        agent=agent,
        once=Once(scope=agent.id, key=key, fingerprint=hashlib.sha256(f"note\n{number}\n{text}".encode()).hexdigest()),
        traceparent=current_traceparent(),
        text=text,
        mentions=await called(console.desk, text),
    )
    try:
        await console.desk.batcher.submit(command)
    except IdempotencyConflict as noted_before:
        return await _note(request, console, agent, number, note_draft=text, note_problem=noted_before.code)
    except KawalError as refused:
        return await _note(request, console, agent, number, note_draft=text, note_problem=refused.code, key=key)
    if by_htmx(request):
        return await _note(request, console, agent, number)
    return back(number)


async def _note(request: Request, console: Console, agent: Agent, number: str, **changes: str) -> Response:
    """The box for notes again; `changes` is what differs from an empty one."""
    context = await case_context(console, number, agent)
    return console.response(request, "note.html", **context | changes)
