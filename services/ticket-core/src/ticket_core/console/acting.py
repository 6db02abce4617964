"""What an agent does to a case: answer, resolve, reopen, assign, name its topic."""

import hashlib
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form
from fastapi.responses import Response

from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.domain.errors import AgentNotFound
from ticket_core.domain.inputs import Assign, ChangeTopic, Once, Reopen, Reply, Resolve

router = case_forms()


@router.post("/replies")
async def reply(
    here: AtCase,
    text: Annotated[Prose, Form(min_length=1, max_length=10_000)],
    key: Annotated[Line, Form(min_length=8, max_length=64)],
    conversation_id: Annotated[Line, Form(max_length=80)] = "",
) -> Response:
    """Answer. The form's key makes a double click one answer."""
    fingerprint = hashlib.sha256(f"{here.number}\n{conversation_id}\n{text}".encode()).hexdigest()
    once = Once(scope=here.agent.id, key=key, fingerprint=fingerprint)
    command = Reply(**here.asked, once=once, text=text, conversation_id=conversation_id or None)
    return await here.written(command, part="composer")


@router.post("/resolve")
async def resolve(here: AtCase, reason: Annotated[Line, Form(max_length=64)] = "") -> Response:
    return await here.done(Resolve(**here.asked, reason=reason or None))


@router.post("/reopen")
async def reopen(here: AtCase) -> Response:
    return await here.done(Reopen(**here.asked))


@router.post("/assign")
async def assign(here: AtCase, assignee_id: Annotated[UUID | Literal[""], Form()] = "") -> Response:
    """Give the case to somebody; to nobody when the field is empty."""
    try:
        assignee = await here.console.desk.agents.get(str(assignee_id)) if assignee_id else None
    except AgentNotFound as gone:
        return await here.answered("head", problem=gone.code)
    return await here.done(Assign(**here.asked, assignee=assignee))


@router.post("/topic")
async def change_topic(here: AtCase, topic: Annotated[Line, Form(max_length=64)] = "") -> Response:
    return await here.done(ChangeTopic(**here.asked, topic=topic or None))
