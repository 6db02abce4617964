"""What an agent says a case waits for, how urgent it is, and what he notes for colleagues."""

import hashlib
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.api.life import called
from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.domain.inputs import Hold, Once, Pend, Prioritise, Resume, WriteNote
from ticket_core.domain.kinds import Priority

router = case_forms()


@router.post("/pend")
async def pend(here: AtCase) -> Response:
    return await here.done(Pend(**here.asked))


@router.post("/resume")
async def resume(here: AtCase) -> Response:
    return await here.done(Resume(**here.asked))


@router.post("/hold")
async def hold(here: AtCase, reason: Annotated[Line, Form(min_length=1, max_length=64)]) -> Response:
    return await here.done(Hold(**here.asked, reason=reason))


@router.post("/priority")
async def prioritise(here: AtCase, priority: Annotated[Priority, Form()]) -> Response:
    return await here.done(Prioritise(**here.asked, priority=priority))


@router.post("/notes")
async def write_note(
    here: AtCase,
    text: Annotated[Prose, Form(min_length=1, max_length=10_000)],
    key: Annotated[Line, Form(min_length=8, max_length=64)],
) -> Response:
    """Note something. The form's key makes a double click one note."""
    fingerprint = hashlib.sha256(f"{here.number}\n{text}".encode()).hexdigest()
    # The form for answers, beside it, has the same key.
    once = Once(scope=f"note {here.agent.id}", key=key, fingerprint=fingerprint)
    command = WriteNote(**here.asked, once=once, text=text, mentions=await called(here.console.desk, text))
    return await here.written(command, part="note")
