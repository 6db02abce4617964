"""Macros: which an agent has, and where he takes away one of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http.inputs import Line
from ticket_core.console.navigation import surroundings
from ticket_core.console.rendering import AtConsole, Console, SignedIn, language
from ticket_core.console.rule_choices import Choices, choices_of
from ticket_core.console.rule_words import Line as InWords
from ticket_core.console.rule_words import acts_in_words
from ticket_core.domain.case import Agent
from ticket_core.macro_shelf import Shelved
from ticket_core.store.saved_views import SUPERVISOR

router = APIRouter(prefix="/console/macros", include_in_schema=False)

MacroKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Version = Annotated[Line, Form(max_length=64)]


class AtMacros:
    """The macros' pages, and who looks at them."""

    def __init__(self, request: Request, console: AtConsole, agent: SignedIn) -> None:
        self.request = request
        self.console: Console = console
        self.agent: Agent = agent

    async def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        around = await surroundings(self.console, self.agent, here="macros")
        return self.console.response(self.request, template, status=status, **around | context)

    async def list(self, *, problem: str | None = None) -> Response:
        choices = await choices_of(self.console, language(self.request))
        found = await self.console.desk.macros.seen_by(self.agent)
        said = [(one, _acts(one, choices)) for one in found]
        groups = {
            "own": [one for one in said if one[0].owner_id],
            "team": [one for one in said if one[0].team],
            "file": [one for one in said if not (one[0].team or one[0].owner_id)],
        }
        return await self.page(
            "macros.html",
            groups=groups,
            choices=choices,
            teams=dict(choices.teams),
            may_write=self.may_write,
            problem=problem,
        )

    def may_write(self, one: Shelved) -> bool:
        return bool(one.owner_id) or (one.team is not None and SUPERVISOR in self.agent.roles)


AtThem = Annotated[AtMacros, Depends(AtMacros)]


@router.get("")
async def macros_page(here: AtThem) -> Response:
    """The agent's own, his teams', the programme's."""
    return await here.list()


@router.post("/{macro_key}/remove")
async def remove(here: AtThem, macro_key: MacroKey, version: Version) -> Response:
    """Only as the page showed it: whoever changed it meanwhile may still want it."""
    try:
        await here.console.desk.macros.remove(macro_key, here.agent, only_if=frozenset({version}))
    except KawalError as refused:
        return await here.list(problem=refused.code)
    return RedirectResponse("/console/macros", status_code=303)


def _acts(one: Shelved, choices: Choices) -> list[InWords]:
    return list(acts_in_words(one.source.then, choices)) if one.source.then else []
