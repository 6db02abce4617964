"""A form that was sent from the page of a case: what all of them need, and how they are answered.

With script, the part of the page that changed; without, the case again.
"""

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.observability.tracing import current_traceparent
from ticket_core.console.desk_pages import case_context
from ticket_core.console.rendering import AtConsole, Console, SignedIn, by_htmx
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import IdempotencyConflict
from ticket_core.domain.inputs import AgentCommand, JoinCommand, PersonCommand, Reply, WriteNote
from ticket_core.store.queries import plain_number


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

    async def done(self, command: AgentCommand | JoinCommand) -> Response:
        """Do it; answered with the head of the case, which says what was refused."""
        problem = None
        try:
            await self.console.desk.batcher.submit(command)
        except KawalError as refused:
            problem = refused.code
        return await self.head(problem)

    async def head(self, problem: str | None) -> Response:
        if not by_htmx(self.request):
            return self._case()
        return await self._part("case_head.html", problem=problem)

    async def details(self, problem: str | None) -> Response:
        """What is known of the case beside its timeline, which says what was refused."""
        return await self._part("details.html", details_problem=problem) if by_htmx(self.request) else self._case()

    async def said(self, command: PersonCommand) -> Response:
        """Say who the participant is; answered with what is known of him, which says what was refused."""
        problem = None
        try:
            await self.console.desk.batcher.submit(command)
        except KawalError as refused:
            problem = refused.code
        return await self._part("person.html", person_problem=problem) if by_htmx(self.request) else self._case()

    async def written(self, command: Reply | WriteNote, *, template: str, named: str = "") -> Response:
        """Do it; answered with the box that it was written in, whose variables begin with `named`.

        After a refusal the text is still in the box, and the form's key with it: it may have been done all the same.
        """
        try:
            await self.console.desk.batcher.submit(command)
        except KawalError as refused:
            kept = {f"{named}draft": command.text, f"{named}problem": refused.code}
            # The key of something else that was done cannot be used for this text.
            if command.once is not None and not isinstance(refused, IdempotencyConflict):
                kept["key"] = command.once.key
            return await self._part(template, **kept)
        return await self._part(template) if by_htmx(self.request) else self._case()

    async def _part(self, template: str, **changes: Any) -> Response:
        """A part of the page again; `changes` is what differs from one that was just opened."""
        context = await case_context(self.console, self.number, self.agent)
        return self.console.response(self.request, template, **context | changes)

    def _case(self) -> Response:
        return RedirectResponse(f"/console/cases/{quote(self.number)}", status_code=303)


async def _here(request: Request, console: AtConsole, agent: SignedIn, number: str) -> Here:
    return Here(request, console, agent, number)


AtCase = Annotated[Here, Depends(_here)]


def case_forms() -> APIRouter:
    """A router for forms of a case."""
    return APIRouter(prefix="/console/cases/{number}", include_in_schema=False)
