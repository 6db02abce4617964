"""What an agent does to a case: answer, resolve, reopen, assign, name its topic."""

import hashlib
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Form
from fastapi.responses import Response

from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.console.showing import answers_go_to
from ticket_core.domain.errors import AgentNotFound
from ticket_core.domain.inputs import Assign, ChangeTopic, Once, Reopen, Reply, Resolve, UseMacro

router = case_forms()

Seen = Annotated[int | None, Form(ge=0, le=2**31 - 1)]
"""The last entry that was on the agent's screen."""


@router.post("/replies")
async def reply(
    here: AtCase,
    *,
    text: Annotated[Prose, Form(min_length=1, max_length=10_000)],
    key: Annotated[Line, Form(min_length=8, max_length=64)],
    conversation_id: Annotated[Line, Form(max_length=80)] = "",
    macro: Annotated[Line, Form(max_length=40)] = "",
    seen: Seen = None,
) -> Response:
    """Answer, and do what else the macro does. The form's key makes a double click one answer."""
    asked = f"{here.number}\n{conversation_id}\n{macro}\n{text}"
    once = Once(scope=here.agent.id, key=key, fingerprint=hashlib.sha256(asked.encode()).hexdigest())
    to = conversation_id or None
    if not macro:
        return await here.sent(Reply(**here.asked, once=once, text=text, conversation_id=to), seen=seen)
    macros = here.console.desk.macros
    used = await macros.get(macro, here.agent)
    command = UseMacro(
        **here.asked,
        once=once,
        macro=used.macro,
        gaps=macros.gaps,
        roster=await macros.roster(used.macro),
        text=text,
        conversation_id=to,
    )
    return await here.sent(command, seen=seen, inserted=used)


@router.post("/macros")
async def insert_macro(
    here: AtCase,
    key: Annotated[Line, Form(min_length=8, max_length=64)],
    choice: Annotated[Line, Form(max_length=40)] = "",
    text: Annotated[Prose, Form(max_length=10_000)] = "",
    conversation_id: Annotated[Line, Form(max_length=80)] = "",
) -> Response:
    """Put the words of a macro behind what was written; nothing is sent."""
    desk = here.console.desk
    case = await desk.cases.case(here.number)
    to = next((one for one in case.conversations if one.id == conversation_id), answers_go_to(case))
    chosen, more = None, ""
    if choice:
        chosen = await desk.macros.get(choice, here.agent)
        more = desk.macros.filled(chosen.macro, case, here.agent, conversation_id=to.id if to else None).text
    draft = "\n\n".join(part for part in (text, more) if part)
    return await here.shown("composer", key=key, answer_to=to, inserted=chosen, drafts={"composer": draft})


@router.post("/resolve")
async def resolve(here: AtCase, reason: Annotated[Line, Form(max_length=64)] = "", seen: Seen = None) -> Response:
    return await here.resolved(Resolve(**here.asked, reason=reason or None), seen=seen)


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
