"""Rules: which there are, and one of them in full. For supervisors."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response

from kawal.errors import KawalError
from kawal.http.inputs import Line
from ticket_core.console.navigation import surroundings
from ticket_core.console.rendering import AtConsole, Console, SignedIn, language
from ticket_core.console.rule_choices import choices_of
from ticket_core.console.rule_words import in_words
from ticket_core.domain.case import Agent
from ticket_core.domain.errors import SupervisorsOnly
from ticket_core.store.saved_views import SUPERVISOR

FIRINGS = 25

router = APIRouter(prefix="/console/rules", include_in_schema=False)

RuleKey = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
Version = Annotated[Line, Form(max_length=64)]


async def _supervisor(agent: SignedIn) -> Agent:
    if SUPERVISOR not in agent.roles:
        raise SupervisorsOnly("Ask one of them")
    return agent


Supervisor = Annotated[Agent, Depends(_supervisor)]


class AtRules:
    """The rules' pages, and who looks at them."""

    def __init__(self, request: Request, console: AtConsole, agent: Supervisor) -> None:
        self.request = request
        self.console: Console = console
        self.agent: Agent = agent

    async def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        around = await surroundings(self.console, self.agent, here="rules")
        return self.console.response(self.request, template, status=status, **around | context)

    async def list(self, *, problem: str | None = None) -> Response:
        choices = await choices_of(self.console, language(self.request))
        rules = [(one, in_words(one.source, choices)) for one in await self.console.desk.rules.all()]
        return await self.page("rules.html", rules=rules, problem=problem)

    async def one(self, key: str, *, problem: str | None = None) -> Response:
        stored = self.console.desk.rules.stored
        choices = await choices_of(self.console, language(self.request))
        rule, firings, versions = await asyncio.gather(
            self.console.desk.rules.get(key), stored.firings(key, limit=FIRINGS), stored.versions(key)
        )
        said = in_words(rule.source, choices)
        return await self.page(
            "rule.html", rule=rule, said=said, firings=firings, versions=versions, choices=choices, problem=problem
        )


Here = Annotated[AtRules, Depends(AtRules)]


@router.get("")
async def rules_page(here: Here) -> Response:
    """All of them, in the order in which they act."""
    return await here.list()


@router.get("/{rule_key}")
async def rule_page(here: Here, rule_key: RuleKey) -> Response:
    """What one does, what it did last, and who changed it."""
    return await here.one(rule_key)


@router.post("/{rule_key}/enable")
async def enable(here: Here, rule_key: RuleKey, version: Version) -> Response:
    return await _switched(here, rule_key, version, enabled=True)


@router.post("/{rule_key}/disable")
async def disable(here: Here, rule_key: RuleKey, version: Version) -> Response:
    return await _switched(here, rule_key, version, enabled=False)


@router.post("/{rule_key}/remove")
async def remove(here: Here, rule_key: RuleKey, version: Version) -> Response:
    """What it was is kept; its page is gone."""
    rules = here.console.desk.rules
    problem = await refused(rules.remove(rule_key, here.agent, only_if=frozenset({version})))
    return await here.one(rule_key, problem=problem) if problem else _to("")


async def _switched(here: AtRules, key: str, version: str, *, enabled: bool) -> Response:
    """Only as the page showed it: whoever changed it meanwhile may have meant something else."""
    rules = here.console.desk.rules
    problem = await refused(rules.enable(key, here.agent, enabled=enabled, only_if=frozenset({version})))
    return await here.one(key, problem=problem) if problem else _to(f"/{key}")


async def refused(act: Awaitable[object]) -> str | None:
    """Do it; the code of what kept it from being done."""
    try:
        await act
    except KawalError as problem:
        return problem.code
    return None


def _to(path: str) -> Response:
    return RedirectResponse(f"/console/rules{path}", status_code=303)
