"""A form that was sent from the page of a case: what all of them need, and how they are answered.

With script, the part of the page that changed; without, the case again.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.observability.tracing import current_traceparent
from ticket_core.console.desk_pages import case_context, whole_case
from ticket_core.console.meanwhile import Guarded, News, SomethingNew, submit
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import IdempotencyConflict
from ticket_core.domain.inputs import AgentCommand, JoinCommand, PersonCommand, Reply, Resolve, UseMacro, WriteNote
from ticket_core.store.queries import plain_number

_TEMPLATES = {
    "head": "case_head.html",
    "person": "person.html",
    "composer": "composer.html",
    "note": "note.html",
    "tags": "case_tags.html",
    "field": "case_field.html",
    "incident": "case_incident.html",
    "ties": "case_ties.html",
}
"""The parts of the page that are answered alone."""


class Command(TypedDict):
    """What `ticket_core.domain.inputs.Command` takes, for any of its kinds: `Pend(**here.asked)`."""

    number: str
    agent: Agent
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Here:
    """The case that the form stands at, and who sent it."""

    request: Request
    console: Console
    agent: Agent
    number: str

    @property
    def asked(self) -> Command:
        return Command(number=plain_number(self.number), agent=self.agent, traceparent=current_traceparent())

    async def done(self, command: AgentCommand | JoinCommand, *, part: str = "head") -> Response:
        """Do it; answered with a part of the page, which says what was refused."""
        return await self.answered(part, problem=await refused(self.console.desk.batcher.submit(command)))

    async def resolved(self, command: Resolve, *, seen: int | None) -> Response:
        """Do it, unless there is something to be read first; then the reason that was chosen still is."""
        problem, news = await self._unless_new(command, seen=seen)
        kept: dict[str, Any] = {"drafts": {"reason": command.reason}} if problem else {}
        return await self.answered("head", problem=problem, **kept, **_told("head", news))

    async def said(self, command: PersonCommand) -> Response:
        """Say who the participant is; answered with what is known of him, which says what was refused."""
        return await self.answered("person", problem=await refused(self.console.desk.batcher.submit(command)))

    async def sent(self, command: Reply | UseMacro, *, seen: int | None, **kept: Any) -> Response:
        """Answer, unless there is something to be read first; answered as `written`."""
        problem, news = await self._unless_new(command, seen=seen)
        return await self._box("composer", command, problem, **kept, **_told("composer", news))

    async def written(self, command: WriteNote, *, part: str) -> Response:
        """Do it; answered with the box that it was written in."""
        return await self._box(part, command, await refused(self.console.desk.batcher.submit(command)))

    async def _unless_new(self, command: Guarded, *, seen: int | None) -> tuple[str | None, News | None]:
        try:
            await submit(self.console.desk, command, seen=seen)
        except SomethingNew as stopped:
            return stopped.code, stopped.news
        except KawalError as problem:
            return problem.code, None
        return None, None

    async def _box(
        self, part: str, command: Reply | WriteNote | UseMacro, problem: str | None, **kept: Any
    ) -> Response:
        """After a refusal the text is still in the box, and the form's key with it: it may have been done all the same.

        `kept` is what else stands there then.
        """
        if problem is None:
            return await self.answered(part, problem=None)
        kept["drafts"] = {part: command.text or ""}
        # The key of something else that was done cannot be used for this text.
        if command.once is not None and problem != IdempotencyConflict.code:
            kept["key"] = command.once.key
        return await self.answered(part, problem=problem, **kept)

    async def answered(self, part: str, *, problem: str | None, at: str | None = None, **changes: Any) -> Response:
        """The part of the page again; without script all of it, if there is something to tell.

        `at` is where in the part the problem is told. `changes` is what differs from a page that was just opened.
        """
        if problem is not None:
            changes["problems"] = {at or part: problem}
        if by_htmx(self.request) or problem is not None:
            return await self.shown(part, **changes)
        return self._case()

    async def shown(self, part: str, **changes: Any) -> Response:
        """The part of the page with what is changed in it; without script, all of the page."""
        if not by_htmx(self.request):
            return await whole_case(self.request, self.console, self.agent, self.number, **changes)
        context = await case_context(self.console, self.number, self.agent)
        return self.console.response(self.request, _TEMPLATES[part], **context | changes)

    def _case(self) -> Response:
        return RedirectResponse(f"/console/cases/{quote(self.number)}", status_code=303)


def _told(part: str, news: News | None) -> dict[str, Any]:
    """What is told in a part, and up to where the agent has then seen the case."""
    return {"news": {part: news.items}, "seen": news.seen} if news else {}


async def refused(act: Awaitable[object]) -> str | None:
    """Do it; the code of what kept it from being done."""
    try:
        await act
    except KawalError as problem:
        return problem.code
    return None


async def _here(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Here:
    return Here(request, console, agent, number)


AtCase = Annotated[Here, Depends(_here)]


def case_forms() -> APIRouter:
    """A router for forms of a case."""
    return APIRouter(prefix="/console/cases/{number}", include_in_schema=False)
