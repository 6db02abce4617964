"""What an agent does with an incident: make it, let cases join and leave, tell what is new, end it."""

import re
from collections.abc import Awaitable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from kawal import case_numbers
from kawal.errors import KawalError
from kawal.http import Prose
from kawal.http.inputs import Line
from ticket_core.api.bulk import MOST_CASES, BulkResults
from ticket_core.api.incidents import cases_resolved, joined, left, suggested_joined
from ticket_core.console.at_case import AtCase, case_forms
from ticket_core.console.incident_pages import in_full, incident_context, shown
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent

router = APIRouter(prefix="/console/incidents", include_in_schema=False)
one_router = APIRouter(prefix="/console/incidents/{incident_id}", include_in_schema=False)
case_router = case_forms()

Title = Annotated[Line, Form(min_length=1, max_length=120)]
Words = Annotated[Prose, Form(min_length=1, max_length=10_000)]
Draft = Annotated[Prose, Form(max_length=10_000)]
Key = Annotated[Line, Form(min_length=8, max_length=64)]
Optional = Annotated[Line, Form(max_length=64)]


class AtIncident:
    """The incident that a form stands at, and who sent it."""

    def __init__(self, request: Request, console: AtConsole, agent: SignedIn, incident_id: UUID) -> None:
        self.request = request
        self.console: Console = console
        self.agent: Agent = agent
        self.id = str(incident_id)

    async def done(self, act: Awaitable[object], *, results: str | None = None) -> Response:
        """Do it; answered with what may have changed, which says what was refused, and what became of each case."""
        try:
            outcome = await act
        except KawalError as refused:
            return await self.refused(refused.code)
        changes = {results: outcome} if results is not None else {}
        return await self._around(**changes) if changes or by_htmx(self.request) else self._page()

    async def refused(self, code: str) -> Response:
        """Nothing was done, and why."""
        return await self._around(problem=code)

    async def writing(self, **changes: Any) -> Response:
        """The form of an update, with what was written so far."""
        if not by_htmx(self.request):
            return await in_full(self.request, self.console, self.agent, self.id, **changes)
        context = await incident_context(self.console, self.id)
        return self.console.response(self.request, "incident_update.html", **context | changes)

    async def written(self) -> Response:
        """The update is on its way: an empty form, and beside it how far telling has come."""
        if not by_htmx(self.request):
            return self._page()
        context = await incident_context(self.console, self.id)
        return self.console.response(self.request, "incident_written.html", **context | {"oob": True})

    async def _around(self, **changes: Any) -> Response:
        if not by_htmx(self.request):
            return await in_full(self.request, self.console, self.agent, self.id, **changes)
        context = await incident_context(self.console, self.id)
        return self.console.response(self.request, "incident_around.html", **context | changes | {"oob": True})

    def _page(self) -> Response:
        return RedirectResponse(f"/console/incidents/{self.id}", status_code=303)


Here = Annotated[AtIncident, Depends(AtIncident)]


@router.post("")
async def create(
    request: Request,
    console: AtConsole,
    agent: SignedIn,
    *,
    title_id: Title,
    title_en: Title,
    key: Key,
    topic: Optional = "",
    suggestion_id: Annotated[UUID | None, Form()] = None,
    join: Annotated[bool, Form()] = False,
) -> Response:
    """Make one, of a suggestion or by itself. The form's key makes a double click one incident."""
    suggested = str(suggestion_id) if suggestion_id else None
    try:
        made = await console.desk.incidents.create(
            agent, title={"id": title_id, "en": title_en}, topic=topic or None, suggestion_id=suggested, key=key
        )
    except KawalError as refused:
        return await shown(request, console, agent, problem=refused.code)
    if join and suggested:
        await suggested_joined(console.desk, agent, made.id, tell_last=False)
    return RedirectResponse(f"/console/incidents/{made.id}", status_code=303)


@router.post("/suggestions/{suggestion_id}/dismiss")
async def dismiss(request: Request, console: AtConsole, agent: SignedIn, suggestion_id: UUID) -> Response:
    try:
        await console.desk.rises.dismiss(str(suggestion_id), agent)
    except KawalError as refused:
        return await shown(request, console, agent, problem=refused.code)
    return RedirectResponse("/console/incidents", status_code=303)


@one_router.post("/updates/preview")
async def preview(here: Here, text_id: Words, text_en: Words, key: Key) -> Response:
    """What will be said to how many, before it is."""
    audience = await here.console.desk.incidents.audience(here.id)
    return await here.writing(texts={"id": text_id, "en": text_en}, key=key, audience=audience)


@one_router.post("/updates/edit")
async def edit(here: Here, key: Key, text_id: Draft = "", text_en: Draft = "") -> Response:
    """Back from the preview, with what was written."""
    return await here.writing(texts={"id": text_id, "en": text_en}, key=key)


@one_router.post("/updates")
async def write_update(here: Here, text_id: Words, text_en: Words, key: Key) -> Response:
    """Tell it. The form's key makes a double click one update."""
    texts = {"id": text_id, "en": text_en}
    try:
        await here.console.desk.incidents.write_update(here.id, here.agent, texts=texts, key=key)
    except KawalError as refused:
        return await here.writing(texts=texts, key=key, update_problem=refused.code)
    return await here.written()


@one_router.post("/cases")
async def join(
    here: Here, *, numbers: Annotated[str, Form(max_length=20_000)], tell_last: Annotated[bool, Form()] = False
) -> Response:
    """Let cases join; the numbers as they were pasted."""
    found = _numbers(numbers)
    if not 0 < len(found) <= MOST_CASES:
        return await here.refused("too_many_cases" if found else "none_chosen")
    act = joined(here.console.desk, here.agent, here.id, found, tell_last=tell_last)
    return await here.done(act, results="results")


@one_router.post("/cases/suggested")
async def join_suggested(here: Here, *, tell_last: Annotated[bool, Form()] = False) -> Response:
    act = suggested_joined(here.console.desk, here.agent, here.id, tell_last=tell_last)
    return await here.done(act, results="results")


@one_router.post("/cases/detach")
async def leave(here: Here, numbers: Annotated[list[str] | None, Form(max_length=MOST_CASES)] = None) -> Response:
    if not numbers:
        return await here.refused("none_chosen")
    return await here.done(left(here.console.desk, here.agent, here.id, numbers), results="results")


@one_router.post("/cases/resolve")
async def resolve_cases(here: Here, reason: Optional = "") -> Response:
    act = cases_resolved(here.console.desk, here.agent, here.id, reason=reason or None)
    return await here.done(act, results="resolved_results")


@one_router.post("/resolve")
async def resolve(here: Here) -> Response:
    return await here.done(here.console.desk.incidents.resolve(here.id, here.agent))


@one_router.post("/reopen")
async def reopen(here: Here) -> Response:
    return await here.done(here.console.desk.incidents.reopen(here.id))


@case_router.post("/incident")
async def join_from_case(
    here: AtCase, *, incident_id: Annotated[UUID, Form()], tell_last: Annotated[bool, Form()] = False
) -> Response:
    """The case that is open has this cause."""
    act = joined(here.console.desk, here.agent, str(incident_id), [here.number], tell_last=tell_last)
    return await here.answered("incident", problem=await _refused(act))


@case_router.post("/incident/leave")
async def leave_from_case(here: AtCase, incident_id: Annotated[UUID, Form()]) -> Response:
    act = left(here.console.desk, here.agent, str(incident_id), [here.number])
    return await here.answered("incident", problem=await _refused(act))


async def _refused(act: Awaitable[BulkResults]) -> str | None:
    """The code of what kept the one case from it."""
    try:
        (result,) = (await act).items
    except KawalError as refused:
        return refused.code
    return result.problem.code if result.problem else None


def _numbers(pasted: str) -> list[str]:
    """Each once, as they were written: `482-913-0574`, also with spaces in it."""
    lines = (line.strip() for line in re.split(r"[\n\t,;]+", pasted))
    written = (one for line in lines for one in ([line] if case_numbers.parse(line) else line.split()))
    return list({case_numbers.parse(one) or one: one for one in written}.values())
